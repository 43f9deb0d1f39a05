"""What comes in from a phone and what goes out to one, whatever the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter

from storage.database.base import Record


def _storable(text: str) -> str:
    """Without halves of characters, which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


Words = Annotated[str, AfterValidator(_storable)]


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

    sha256: str
    kind: Literal["photo", "document", "voice"]
    name: str = ""
    seconds: int = 0
    """How long a voice message is; 0 if the phone does not tell."""


class Incoming(Record):
    """One message from one person, stored before it is acknowledged.

    `address` is where an answer goes ("web:k3Qx"), `key` is what makes a repeated update recognisable.
    `choice` is what a pressed button says; `pressed` the platform's id of the message that carried it.
    """

    address: str
    key: str
    at: datetime
    text: Words | None = None
    choice: Words | None = None
    pressed: str | None = None
    files: tuple[SentFile, ...] = ()
    place: Place | None = None
    contact_phone: str | None = None
    private: bool = True
    trouble: str | None = None
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


_AS_JSON = TypeAdapter(Outgoing)


def pack(message: Outgoing) -> bytes:
    """The message as JSON, without what is left at its default."""
    return _AS_JSON.dump_json(message, exclude_defaults=True)


def unpack(content: bytes) -> Outgoing:
    """The message of `pack`. Raises ValueError for anything else."""
    return _AS_JSON.validate_json(content)


REPLY, PUSH, BULK = 0, 1, 2
"""Priorities of the outbox: an answer goes before news, news before a notice."""


def platform_of(address: str) -> str:
    return address.partition(":")[0]
