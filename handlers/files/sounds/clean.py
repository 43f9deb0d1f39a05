"""What a sound file is by its first bytes, and the same without what is no sound. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from handlers.files.sounds import amr, frames, mp4, ogg, wav, webm


class Make(NamedTuple):
    """A kind of sound file. `cleaned` raises Unreadable, with words for the sender, where it can't be sure."""

    content_type: str
    cleaned: Callable[[bytes], bytes]


_BRANDS = frozenset(
    (b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"dash", b"3gp4", b"3gp5", b"3gp6")
)
_MP4 = Make("audio/mp4", mp4.cleaned)
_WAV = Make("audio/wav", wav.cleaned)
_MP3 = Make("audio/mpeg", frames.cleaned_mp3)
_AAC = Make("audio/aac", frames.cleaned_aac)
_MAKES = {
    b"\x1a\x45\xdf\xa3": Make("audio/webm", webm.cleaned),
    b"OggS": Make("audio/ogg", ogg.cleaned),
    b"ID3": _MP3,
    b"\xff\xfb": _MP3,
    b"\xff\xf3": _MP3,
    b"\xff\xf2": _MP3,
    b"\xff\xf1": _AAC,
    b"\xff\xf9": _AAC,
    b"#!AMR": Make("audio/amr", amr.cleaned),
}
"""By how they begin."""


def make_of(content: bytes) -> Make | None:
    """None for what is no sound that is taken."""
    if content[4:8] == b"ftyp" and content[8:12] in _BRANDS:
        return _MP4
    if content.startswith(b"RIFF") and content[8:12] == b"WAVE":
        return _WAV
    return next((make for start, make in _MAKES.items() if content.startswith(start)), None)
