"""What a fault of the disk, the system or the database is in plain words, and what to do about it."""

from __future__ import annotations

import errno
import socket
import sqlite3
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from storage.database.session import Conflict

_FULL = "硬盘满了，没有存下。请清理出空间，再试一次。"
_BUSY = "数据库正被别的程序占着，等了一阵还是不行。请关掉占用它的程序，或过一会儿再试。"
_AWAY = "数据库连不上，或正在启动。请看它是否在运行，过一会儿再试。"
_AT_ONCE = "同时有人在改同样的数据，这次没有做成，什么也没改。请再试一次。"

_SQLITE: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: "数据库只能读，不能写。请检查数据目录的权限，看硬盘是否成了只读。",
    sqlite3.SQLITE_CANTOPEN: "数据库文件打不开。请检查数据目录是否还在、权限对不对。",
    sqlite3.SQLITE_IOERR: "数据库文件读写出错，硬盘可能坏了或满了。请检查硬盘，运行 cunbao check。",
    sqlite3.SQLITE_CORRUPT: "数据库文件损坏了。请先停下服务，把数据目录原样留一份，再用 cunbao restore 恢复最近的备份。",
    sqlite3.SQLITE_IOERR_SHMSIZE: _FULL,  # what a full disk says when the file is opened
    sqlite3.SQLITE_NOTADB: "这个文件不是数据库，或已经损坏。请先原样留一份，再用 cunbao restore 恢复最近的备份。",
}

_POSTGRES: Mapping[str, str] = {
    "28": "数据库不认这个用户或密码。请检查 CUNBAO_DATABASE_URL。",
    "3D": "没有这个数据库。请先建好，或检查 CUNBAO_DATABASE_URL。",
    "42501": "数据库不许我们这样做。请给 CUNBAO_DATABASE_URL 里的用户足够的权限。",
    "53100": "数据库服务器的硬盘满了。请清理出空间，再试一次。",
    "08": _AWAY,
    "53": _AWAY,
    "57P": _AWAY,
    "55P03": _BUSY,
    "40": _AT_ONCE,
}
"""By SQLSTATE, or the beginning of it; what stands first counts."""

_SYSTEM: Mapping[int, str] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "文件太大，这块硬盘放不下。请换个地方，再试一次。",
    errno.EROFS: "{file}在只读的硬盘上，写不了。请重新挂载硬盘，或换个地方。",
    errno.EACCES: "{file}没有权限。请用数据目录的主人来运行，或改权限。",
    errno.EPERM: "{file}没有权限。请用数据目录的主人来运行，或改权限。",
    errno.ENOENT: "{file}不在了。请检查路径，看硬盘是否还挂着。",
    errno.ENOTDIR: "{file}不是目录。请检查路径。",
    errno.EISDIR: "{file}是个目录。请写文件名。",
    errno.EIO: "硬盘读写出错，可能坏了。请检查硬盘。",
    errno.EMFILE: "同时打开的文件太多。请调高 LimitNOFILE(ulimit -n)。",
    errno.ENFILE: "同时打开的文件太多。请调高系统的上限。",
    errno.ECONNREFUSED: _AWAY,
    errno.ECONNRESET: _AWAY,
    errno.ETIMEDOUT: _AWAY,
    errno.EHOSTUNREACH: _AWAY,
    errno.ENETUNREACH: _AWAY,
}


def words_of(error: BaseException) -> str | None:
    """A sentence on what is wrong and what to do; None for what is a fault of ours and needs its trace."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(words_of, error.exceptions)), None)
    if isinstance(error, Conflict):
        return _AT_ONCE
    if isinstance(error, NoConnection):
        return _AWAY
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, socket.gaierror):
        return f"找不到数据库的主机：{error.strerror}。请检查 CUNBAO_DATABASE_URL 和网络。"
    if isinstance(error, OSError):
        words = _BUSY if isinstance(error, TimeoutError) and error.errno is None else _SYSTEM.get(error.errno or 0)
        return words and words.format(file=f"{error.filename} " if error.filename else "文件")
    return None


def comes_back(error: BaseException) -> bool:
    """Whether a database that can't be opened may be waited for: it starts, restarts, or is locked for a while. The rest only
    a person can mend."""
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN  # the network is not there yet
    if isinstance(error, PermissionError):
        return False
    return words_of(error) in (_BUSY, _AWAY, _AT_ONCE, _FULL) or _is_socket(error)


def _is_socket(error: BaseException) -> bool:
    """A server's socket that is not there yet; a file that is missing has a name."""
    return isinstance(error, FileNotFoundError) and error.filename is None


def _of_database(error: DBAPIError) -> str | None:
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) or 0
        return _SQLITE.get(code) or _SQLITE.get(code & 0xFF)
    if error.connection_invalidated:
        return _AWAY
    state = getattr(cause, "sqlstate", None) or ""
    return next((words for begin, words in _POSTGRES.items() if state.startswith(begin)), None)
