"""Settings: where they come from, how mistakes are told, and that secrets stay secret."""

from __future__ import annotations

import io
import logging
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.errors import SettingsError
from bot.service import logs
from bot.setup.settings import Settings, load_settings, rows, unknown_variables
from tests.support.paths import ROOT

TOKEN = "123456:SECRET-token"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for row in rows():
        monkeypatch.delenv(row.name, raising=False)
    monkeypatch.setenv("CUNBAO_DATA_DIR", str(tmp_path))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged from here on, with the usual masking."""
    before = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    logs.configure("INFO", "console", [TOKEN], stream)
    yield stream
    logging.root.handlers[:], logging.root.level = before


def test_everything_has_a_place_in_the_data_folder(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.database == f"sqlite+aiosqlite:///{tmp_path}/cunbao.db"
    assert settings.key_path == tmp_path / "keys" / "cunbao.key"
    assert settings.web_address == "http://127.0.0.1:8080"
    assert settings.worker == "main"


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cunbao.toml").write_text('web_port = 9000\nlog_level = "DEBUG"\n')
    monkeypatch.setenv("CUNBAO_WEB_PORT", "9001")
    settings = load_settings()
    assert (settings.web_port, settings.log_level) == (9001, "DEBUG")


def test_an_empty_variable_is_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_WEB_PORT", "")
    monkeypatch.setenv("CUNBAO_TELEGRAM_TOKEN", "")
    settings = load_settings()
    assert settings.web_port == 8080
    assert settings.telegram_token is None


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("WEB_PORT", "many", "CUNBAO_WEB_PORT: 应为整数"),
        ("WEB_PORT", "70000", "CUNBAO_WEB_PORT: 不能大于 65535"),
        ("LOG_FORMAT", "xml", "CUNBAO_LOG_FORMAT: 只能是 'console' or 'json'"),
        ("TELEGRAM_RATE", "-1", "CUNBAO_TELEGRAM_RATE: 不能小于 0"),
        ("TELEGRAM_TOKEN", "hidden", "CUNBAO_TELEGRAM_TOKEN: 令牌不完整"),
        ("WEB_BASE_URL", "cunbao.example", "CUNBAO_WEB_BASE_URL: 应写成 https://"),
        ("DATABASE_URL", "mysql://a:hidden@b/c", "CUNBAO_DATABASE_URL: 只支持 sqlite+aiosqlite 和 postgresql+asyncpg"),
        ("TELEGRAM_WEBHOOK_URL", "https://cunbao.example/hook", "CUNBAO_TELEGRAM_WEBHOOK_SECRET"),
    ],
)
def test_mistakes_are_told_without_the_value(name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CUNBAO_{name}", value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert told in str(raised.value)
    assert "hidden" not in str(raised.value)


def test_an_unknown_line_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "cunbao.toml").write_text("web_prot = 9000\n")
    with pytest.raises(SettingsError, match="CUNBAO_WEB_PROT: 没有这一项设置"):
        load_settings()


def test_a_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "cunbao.toml").write_text("web_port: 9000\n")
    with pytest.raises(SettingsError, match=r"cunbao\.toml"):
        load_settings()


def test_a_misspelt_variable_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_WEB_PROT", "9000")
    assert unknown_variables() == ["CUNBAO_WEB_PROT"]


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNBAO_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("CUNBAO_DATABASE_URL", "postgresql://cunbao:hidden@db/cunbao")
    settings = load_settings()
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "SECRET" not in shown
        assert "hidden" not in shown
    assert settings.database == "postgresql+asyncpg://cunbao:hidden@db/cunbao"
    assert {TOKEN, "hidden"} <= set(settings.secrets)


def test_every_setting_is_explained() -> None:
    assert all(row.meaning for row in rows())
    assert len(rows()) == len(Settings.model_fields)


def test_the_table_of_the_readme_is_right() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    table = re.findall(r"^\| `(CUNBAO_\w+)` \| (?:`(.*?)`)? *\| (.+) \|$", text, re.MULTILINE)
    assert table == [tuple(row) for row in rows()]


def test_logs_hold_no_numbers_and_no_secrets(log: io.StringIO) -> None:
    where = logging.getLogger("test")
    where.warning("calling %s for %s", f"https://api.example/bot{TOKEN}/getMe", "13812345678")
    where.warning("from 220881197001011234")
    where.warning("message %s failed", 204999589166518743)
    text = log.getvalue()
    assert "SECRET" not in text
    assert "13812345678" not in text
    assert "220881197001011234" not in text
    assert "message 204999589166518743 failed" in text


def test_a_row_is_named_in_full_so_that_it_can_be_found(log: io.StringIO) -> None:
    logging.getLogger("test").error("%s is set aside\n%s", "row:talks:205557165343322229", "SealError")
    logging.getLogger("test").error("%s is set aside", "job:remind:household:205557165343322229")
    assert "row:talks:205557165343322229 is set aside" in log.getvalue()
    assert "job:remind:household:205557165343322229 is set aside" in log.getvalue()


def test_a_database_that_is_locked_or_full_is_a_line_and_our_own_faults_keep_their_trace(log: io.StringIO) -> None:
    for number, text in ((sqlite3.SQLITE_BUSY, "database is locked"), (sqlite3.SQLITE_ERROR, "no such table: x")):
        cause = sqlite3.OperationalError(text)
        cause.sqlite_errorcode = number
        try:
            raise OperationalError("BEGIN", None, cause)
        except OperationalError:
            logging.getLogger("test").exception("the sender has trouble")
    locked, ours = log.getvalue().split("the sender has trouble")[1:]
    assert locked.splitlines()[1] == "OperationalError: database is locked"
    assert "Traceback" not in locked
    assert "Traceback" in ours


HEAD, MEMBER = "张三", "李四"


class _Household(BaseModel):
    people: int


@pytest.mark.parametrize("form", ["console", "json"])
def test_logged_errors_hold_no_values(form: str, log: io.StringIO) -> None:
    logs.configure("INFO", form, [TOKEN], log)
    try:
        _Household.model_validate({"people": HEAD})
    except ValidationError:
        logging.getLogger("test").exception("read")
    try:
        raise IntegrityError("INSERT INTO persons VALUES (?)", (MEMBER,), Exception("UNIQUE"))
    except IntegrityError:
        logging.getLogger("test").exception("write")
    text = log.getvalue()
    assert "ValidationError" in text
    assert "INSERT INTO persons" in text
    assert HEAD not in text
    assert MEMBER not in text
