"""Sound files: what is heard is kept, and nothing of where, with what and by whom it was recorded."""

from __future__ import annotations

import io
import struct
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.web.uploads import Unknown, examine
from tests.support import sounds
from tests.support.sounds import HEARD, SECRETS, SOUNDS

each_kind = pytest.mark.parametrize("kind", SOUNDS)


@each_kind
def test_a_recording_loses_place_device_and_names_and_sounds_as_before(kind: str) -> None:
    content = SOUNDS[kind]()
    assert all(secret.encode() in content for secret in SECRETS)
    kept = examine(content)
    assert (kept.kind, kept.content_type) == ("voice", kind.partition(";")[0])
    assert [secret for secret in SECRETS if secret.encode() in kept.content] == []
    assert HEARD[:31] in kept.content
    assert examine(kept.content) == kept, "there is nothing left to take away"


def test_the_index_of_a_recording_still_points_at_its_sound_and_says_no_time() -> None:
    content = sounds.m4a()
    kept = examine(content).content
    assert len(kept) == len(content)
    assert sounds.pointed_at(kept) == sounds.pointed_at(content) == HEARD
    assert sounds.WHEN in content
    assert sounds.WHEN not in kept


def test_a_wav_is_one_still() -> None:
    with wave.open(io.BytesIO(examine(sounds.wav()).content)) as kept:
        assert (kept.getframerate(), kept.readframes(1000)) == (8000, HEARD)


def test_all_pages_of_an_ogg_count_on_and_have_their_right_sum() -> None:
    """The sum that zlib would make of the bits in their other order, worked out bit by bit."""
    kept = examine(sounds.opus()).content
    pages = [b"OggS" + page for page in kept.split(b"OggS")[1:]]
    assert [page[18] for page in pages] == list(range(5))
    for page in pages:
        assert int.from_bytes(page[22:26], "little") == sounds.ogg_sum(page[:22] + bytes(4) + page[26:])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (sounds.m4a(handler=b"vide"), "视频收不了"),
        (sounds.webm(kind=1), "视频收不了"),
        (sounds.m4a(handler=b"meta"), "自带的录音"),
        (sounds.m4a(codec=b"ac-3"), "自带的录音"),
        (sounds.webm(codec=b"A_VORBIS"), "自带的录音"),
        (sounds.opus(b"Speex   "), "自带的录音"),
        (sounds.wav()[:40], "没有传全"),
        (sounds.m4a()[:-500], "没有传全"),
        (sounds.webm()[:60], "没有传全"),
        (b"#!AMR_MC1.0\n" + bytes(40), "自带的录音"),
        (b"ID3\x04\0\0\0\0\x7f\x7f" + bytes(100), "没有传全"),
    ],
)
def test_what_cannot_be_cleaned_is_refused_with_what_to_do_instead(content: bytes, told: str) -> None:
    with pytest.raises(Unknown, match=told):
        examine(content)


def _lying(size: bytes) -> bytes:
    content = sounds.wav()
    at = content.index(b"data") + 4
    return content[:at] + size + content[at + 4 :]


@pytest.mark.parametrize(
    "content",
    [
        _lying(b"\xff\xff\xff\xff"),
        _lying(struct.pack("<I", len(HEARD) + 60)),
        _lying(struct.pack("<I", 100_000)),
        sounds.wav()[:4] + b"\xff\xff\xff\xff" + sounds.wav()[8:],
        sounds.opus().replace(HEARD, HEARD[:-1] + b"!", 1),
        sounds.webm().replace(b"\xa3\x01\0\0\0\0\0\0\xa4", b"\xa3\x01\0\0\0\0\0\0\xc4"),
    ],
)
def test_a_file_whose_own_sizes_do_not_fit_keeps_nothing_behind_its_sound(content: bytes) -> None:
    with pytest.raises(Unknown, match="没有传全"):
        examine(content)


def test_a_frame_that_none_follows_is_no_sound() -> None:
    kept = examine(sounds.amr() + b"\x3c" + SECRETS[0].encode() * 2).content
    assert kept == examine(sounds.amr()).content


def test_a_count_of_samples_is_four_bytes_and_no_more() -> None:
    content = sounds.wav()
    at = content.index(b"data")
    fact = struct.pack("<4sII", b"fact", len(sounds.TOLD) // 2 * 2 + 4, 80) + sounds.TOLD[: len(sounds.TOLD) // 2 * 2]
    body = content[8:at] + fact + content[at:]
    kept = examine(b"RIFF" + struct.pack("<I", len(body)) + body).content
    assert struct.pack("<4sII", b"fact", 4, 80) + b"data" in kept


def test_a_comment_that_never_ends_is_refused() -> None:
    pages = [
        sounds.ogg_page(number, 1, b"\xff" * 255, (b"" if number else b"OpusTags").ljust(255 * 255, b"."))
        for number in range(17)
    ]  # fmt: skip
    with pytest.raises(Unknown, match="自带的录音"):
        examine(sounds.opus()[:47] + b"".join(pages))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(SOUNDS)), st.data())
def test_whatever_is_sent_is_kept_clean_or_refused(kind: str, data: st.DataObject) -> None:
    """Cut off, overwritten, put together: never anything but sound or a sentence."""
    content = bytearray(SOUNDS[kind]())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    outcome = _outcome(bytes(content[: data.draw(st.integers(0, len(content)))]))
    assert outcome in ("voice", "document", "") or "请" in outcome


def _outcome(content: bytes) -> str:
    """What it is kept as, or why it is refused; empty where it is nothing that is known."""
    try:
        return examine(content).kind
    except Unknown as refused:
        return str(refused)
