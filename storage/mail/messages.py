"""What comes in from a phone and what goes out to one, whatever the platform."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter
from pydantic_core import PydanticSerializationError

from storage.database.base import Record

_ENDS = "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
_NEVER = re.compile(f"[\0\ud800-\udfff\ufdd0-\ufdef{_ENDS}]")
"""NUL, halves of characters, and what Unicode says is no character: a database, JSON or XML refuses one or the other."""


def storable(text: str) -> str:
    """The text without what can't be stored or sent anywhere; a character that came in two halves is whole again."""
    if text.isascii() and "\0" not in text:
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    return _NEVER.sub("", text)


Words = Annotated[str, BeforeValidator(lambda value: storable(value) if isinstance(value, str) else value)]


class Place(Record):
    """A position in degrees, WGS-84 as phones give it."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


def place_of(row: Mapping[Any, Any]) -> Place | None:
    """The place in the columns `latitude` and `longitude` of a row."""
    return None if row["latitude"] is None else Place(latitude=row["latitude"], longitude=row["longitude"])


def place_columns(place: Place | None) -> dict[str, float | None]:
    """The columns that keep a place."""
    return place.model_dump() if place else {"latitude": None, "longitude": None}


class SentFile(Record):
    """A file a person sent, already kept in the media store."""

    sha256: Words
    kind: Literal["photo", "document", "voice"]
    name: Words = ""
    seconds: int = 0
    """How long a voice message is; 0 if the phone does not tell."""


class Incoming(Record):
    """One message from one person, stored before it is acknowledged.

    `address` is where an answer goes ("web:k3Qx"), `key` is what makes a repeated update recognisable, `at` when it was
    written, as far as the platform knows.
    `choice` is what a pressed button says; `pressed` the platform's id of the message that carried it.
    """

    address: Annotated[Words, Field(max_length=80)]
    key: Annotated[Words, Field(max_length=120)]
    at: datetime
    text: Words | None = None
    choice: Words | None = None
    pressed: Words | None = None
    files: tuple[SentFile, ...] = ()
    place: Place | None = None
    contact_phone: Words | None = None
    private: bool = True
    trouble: Words | None = None
    """Why a part of the message could not be taken (such as a file too large), in words for its sender."""


@dataclass(frozen=True, slots=True)
class Button:
    """`says` comes back as `Incoming.choice`; a command such as "/verify 8z" acts from any message."""

    label: str
    says: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one phone. `edits` names an earlier message to change instead of sending a new one.

    A dataclass, not a Record: many are made in every step, by our own code alone.
    """

    text: str | None = None
    buttons: tuple[tuple[Button, ...], ...] = ()
    wants: Literal["", "photos", "place", "contact", "voice"] = ""
    """What the phone may offer with one tap, next to typing."""
    file: str | None = None
    """sha256 of a kept file to send along."""
    file_name: str = ""
    edits: str | None = None
    links: tuple[str, ...] = ()
    """Addresses in `text` that the bot itself has written. These alone can be tapped: whatever else looks like an address
    was typed by somebody."""


_AS_JSON = TypeAdapter(Outgoing)


def pack(message: Outgoing) -> bytes:
    """The message as JSON, without what is left at its default and without what no platform could send."""
    try:
        return _AS_JSON.dump_json(message, exclude_defaults=True)
    except PydanticSerializationError:  # half a character, cut out of a text or read from a file
        rows = tuple(tuple(Button(storable(one.label), storable(one.says)) for one in row) for row in message.buttons)
        clean = replace(
            message, text=message.text and storable(message.text), buttons=rows, file_name=storable(message.file_name)
        )
        return _AS_JSON.dump_json(clean, exclude_defaults=True)


def unpack(content: bytes) -> Outgoing:
    """The message of `pack`. Raises ValueError for anything else."""
    return _AS_JSON.validate_json(content)


REPLY, PUSH, BULK = 0, 1, 2
"""Priorities of the outbox: an answer goes before news, news before a notice."""


def platform_of(address: str) -> str:
    return address.partition(":")[0]
