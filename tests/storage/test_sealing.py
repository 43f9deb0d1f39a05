"""Sealed values are unreadable without their key, and the key file is nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import LargeBinary

import storage.database.keys as key_files
from storage.database.base import Sealed
from storage.database.keys import Keys, read_keys, retired_file, write_keys
from storage.database.sealing import SealError, UnknownKey, Vault, load_vault, number_of, open_vault
from storage.database.tables import all_tables
from storage.people.persons import persons
from tests.support.cells import former
from tests.support.town import VAULT

OTHER = Vault(Keys.of(bytes(range(1, 33))))

HERE = b"here"


@given(st.text())
def test_what_is_sealed_opens_again_and_never_looks_the_same(text: str) -> None:
    row = {"id": 1, "phone": VAULT.seal_text(text)}
    first, second = VAULT.bind(persons, row, row), VAULT.bind(persons, row, row)
    assert first["phone"] != second["phone"]
    assert VAULT.open_text(persons.c.phone, first) == VAULT.open_text(persons.c.phone, second) == text


def test_nothing_stays_nothing() -> None:
    assert VAULT.seal_text(None) is None
    assert VAULT.open_text(persons.c.phone, {"id": 1, "phone": None}) is None


def test_another_key_does_not_open() -> None:
    sealed = VAULT.seal("高血压".encode(), HERE)
    assert "高血压".encode() not in sealed
    with pytest.raises(SealError, match="密钥文件与数据库不是一套"):
        OTHER.open(sealed, HERE)


@given(st.binary(max_size=40), st.data())
def test_one_altered_bit_is_noticed(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(VAULT.seal(plain, HERE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealError):
        VAULT.open(bytes(sealed), HERE)


@pytest.mark.parametrize("cut", [0, 1, 12, 20])
def test_a_truncated_value_is_noticed(cut: int) -> None:
    with pytest.raises(SealError):
        VAULT.open(VAULT.seal(b"roof", HERE)[:cut], HERE)


def test_the_blind_index_tells_equality_and_nothing_else() -> None:
    number = "220881197001011234"
    assert VAULT.blind("id", number) == VAULT.blind("id", number)
    assert VAULT.blind("id", number) != VAULT.blind("id", number[:-1] + "5")
    assert VAULT.blind("id", number) != VAULT.blind("phone", number)
    assert VAULT.blind("id", number) != OTHER.blind("id", number)
    assert "1234" not in VAULT.blind("id", number)


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert VAULT.session_secret != OTHER.session_secret
    assert len({VAULT.session_secret, VAULT.sign(b"x"), VAULT.blind("x", "")}) == 3


def test_the_key_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "cunbao.key"
    vault, made = load_vault(path)
    again, made_again = load_vault(path)
    assert (made, made_again) == (True, False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert again.open(vault.seal(b"roof", HERE), HERE) == b"roof"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_file_others_can_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "cunbao.key"
    load_vault(path)
    path.chmod(mode)
    with pytest.raises(SealError, match="chmod 600"):
        load_vault(path)


@pytest.mark.parametrize("content", ["", "not hex", "ab" * 31])
def test_a_broken_key_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cunbao.key"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(SealError, match="备份"):
        load_vault(path)


def one_line(path: Path) -> Path:
    """A key file as the versions before made it."""
    path.write_text("ab" * 32 + "\n")
    path.chmod(0o600)
    return path


def test_every_column_of_bytes_is_declared_as_sealed() -> None:
    """A change of keys goes by the declaration; bytes that are not sealed would have to be named here."""
    columns = [column for table in all_tables().sorted_tables for column in table.c if isinstance(column.type, LargeBinary)]
    assert len(columns) > 30
    assert [str(column) for column in columns if not isinstance(column.type, Sealed)] == []


def test_what_was_sealed_before_keys_had_numbers_still_opens(tmp_path: Path) -> None:
    path = one_line(tmp_path / "cunbao.key")
    vault = open_vault(path)
    value = former(vault, b"roof")
    assert (number_of(value), vault.open(value, HERE)) == (1, b"roof")
    write_keys(path, vault.keys.with_new())
    assert open_vault(path).open(value, HERE) == b"roof"


def test_a_new_key_leaves_the_other_keys_and_all_values_as_they_are(tmp_path: Path) -> None:
    path = one_line(tmp_path / "cunbao.key")
    before = open_vault(path)
    write_keys(path, before.keys.with_new())
    after = open_vault(path)
    assert "ab" * 32 not in path.read_text(), "the old file's key would give away those that were derived from it"
    assert path.stat().st_mode & 0o777 == 0o600
    assert after.open(before.seal(b"roof", HERE), HERE) == b"roof"
    assert (number_of(before.seal(b"", HERE)), number_of(after.seal(b"", HERE))) == (1, 2)
    for word in ("blind", "sign", "session_secret"):
        told = [getattr(vault, word) for vault in (before, after)]
        assert told[0] == told[1] if word == "session_secret" else told[0](*_ASKED[word]) == told[1](*_ASKED[word])


_ASKED = {"blind": ("id", "2208"), "sign": (b"x",)}


def test_a_running_process_takes_up_a_new_key_when_it_meets_its_number(tmp_path: Path) -> None:
    path = tmp_path / "cunbao.key"
    running, _ = load_vault(path)
    write_keys(path, running.keys.with_new())
    elsewhere = open_vault(path)
    assert running.open(elsewhere.seal(b"roof", HERE), HERE) == b"roof"
    assert number_of(running.seal(b"", HERE)) == 2


def test_a_key_that_is_not_there_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "cunbao.key"
    vault, _ = load_vault(path)
    other = Vault(vault.keys.with_new())
    with pytest.raises(UnknownKey, match="2 号密钥"):
        vault.open(other.seal(b"roof", HERE), HERE)


def test_a_key_file_that_went_bad_under_a_running_process_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cunbao.key"
    vault, _ = load_vault(path)
    sealed = vault.seal(b"roof", HERE)
    whole = path.read_bytes()
    for content in (b"", b"\xff\xfe", b"ab" * 32):
        path.write_bytes(content)
        for _ in range(3):
            vault.refresh()
            assert vault.open(vault.seal(b"roof", HERE), HERE) == vault.open(sealed, HERE) == b"roof"
    path.unlink()
    vault.refresh()
    assert vault.open(sealed, HERE) == b"roof"
    assert len(caplog.records) == 4, "each state of the file is told once"
    path.write_bytes(whole)
    path.chmod(0o600)
    write_keys(path, vault.keys.with_new())
    vault.refresh()
    assert number_of(vault.seal(b"", HERE)) == 2


def test_a_retired_key_opens_while_its_file_lies_there(tmp_path: Path) -> None:
    path = tmp_path / "cunbao.key"
    first, _ = load_vault(path)
    write_keys(path, first.keys.with_new())
    write_keys(path, read_keys(path).without({1, 2}))
    keys = read_keys(path)
    assert (set(keys.seal), set(keys.retired)) == ({2}, {1})
    assert retired_file(path).stat().st_mode & 0o777 == 0o600
    assert open_vault(path).open(first.seal(b"roof", HERE), HERE) == b"roof"
    retired_file(path).rename(tmp_path / "safe")
    with pytest.raises(UnknownKey):
        open_vault(path).open(first.seal(b"roof", HERE), HERE)
    assert keys.with_new().newest == 3


def test_a_broken_file_of_retired_keys_keeps_nobody_from_the_others(tmp_path: Path) -> None:
    path = tmp_path / "cunbao.key"
    first, _ = load_vault(path)
    write_keys(path, first.keys.with_new().without({1}))
    retired_file(path).write_text("seal 1 cut sho")
    vault = open_vault(path)
    assert vault.open(vault.seal(b"roof", HERE), HERE) == b"roof"
    with pytest.raises(key_files.KeyFileError):  # whoever would write it anew has to know
        read_keys(path)


def test_numbers_are_not_given_twice(tmp_path: Path) -> None:
    keys = Keys.of(bytes(32)).with_new().without({1})
    assert keys.with_new().newest == 3
    last = Keys({key_files.HIGHEST: bytes(32)}, b"", b"", b"", {})
    with pytest.raises(key_files.KeyFileError):
        last.with_new()


def test_keys_are_never_shown() -> None:
    assert bytes(32).hex() not in repr(Keys.of(bytes(32))) + repr(VAULT)
    assert "\\x00" not in repr(Keys({1: bytes(32)}, bytes(32), bytes(32), bytes(32), {}))
