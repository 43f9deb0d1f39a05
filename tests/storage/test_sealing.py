"""Sealed values are unreadable without their key, and the key file is nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.database.sealing import SealError, Vault, load_vault
from tests.support.town import VAULT

OTHER = Vault(bytes(range(1, 33)))


@given(st.text())
def test_what_is_sealed_opens_again_and_never_looks_the_same(text: str) -> None:
    first, second = VAULT.seal_text(text), VAULT.seal_text(text)
    assert first is not None
    assert first != second
    assert VAULT.open_text(first) == VAULT.open_text(second) == text


def test_nothing_stays_nothing() -> None:
    assert VAULT.seal_text(None) is None
    assert VAULT.open_text(None) is None


def test_another_key_does_not_open() -> None:
    sealed = VAULT.seal("高血压".encode())
    assert "高血压".encode() not in sealed
    with pytest.raises(SealError, match="密钥文件与数据库不是一套"):
        OTHER.open(sealed)


@given(st.binary(max_size=40), st.data())
def test_one_altered_bit_is_noticed(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(VAULT.seal(plain))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealError):
        VAULT.open(bytes(sealed))


@pytest.mark.parametrize("cut", [0, 1, 12, 20])
def test_a_truncated_value_is_noticed(cut: int) -> None:
    with pytest.raises(SealError):
        VAULT.open(VAULT.seal(b"roof")[:cut])


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
    assert again.open(vault.seal(b"roof")) == b"roof"


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
