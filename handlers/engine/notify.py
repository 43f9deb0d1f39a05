"""Sends people messages that they have not asked for, from talks and jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from handlers.engine.attendance import on_duty, stand_in_note
from handlers.engine.looking import note_looks
from handlers.engine.world import World
from storage.looks import Way
from storage.mail import outbox
from storage.mail.intents import Intent
from storage.mail.messages import PUSH, Button, Outgoing
from storage.store import Store


async def notify(
    store: Store,
    world: World,
    *,
    messages: Mapping[int, Outgoing],
    intent: Intent,
    personal: bool = False,
    unless_told: bool = False,
    by: int | None = None,
    priority: int = PUSH,
    not_before: datetime | None = None,
    about: Sequence[int | None] = (),
) -> dict[int, int]:
    """Queue each person's message, where they can be written to; returns the id of each receiver's.

    What is meant for somebody on leave goes to who stands in for them, unless that person has a message too, or it is
    `personal`: about people themselves or their family, or chosen for just these. `by` is the person who did what is told,
    and is not told. An intent reaches a person once: whom it may have reached before is left out with `unless_told`;
    without, that is an error of the database. `about` are the households of which something is told: whoever in office
    gets the message has seen it.
    """
    meant = [one for one in messages if one != by]
    receivers = dict.fromkeys(meant, ()) if personal else on_duty(world, meant, day=store.session.now.date())
    keys = {person_id: intent.to(person_id) for person_id in receivers if person_id != by}
    told = await outbox.known_intents(store.session, list(keys.values())) if unless_told else set()
    addresses = await _addresses(store, world, keys)
    queued = {}
    for person_id, key in keys.items():
        if person_id in addresses and key not in told:
            absent = receivers[person_id]
            message = messages[absent[0] if absent else person_id]
            if absent:
                message = replace(message, text=f"{message.text}{stand_in_note(world, absent)}")
            official = world.directory.person(person_id)
            if about and official is not None:
                note_looks(store, world, official.person, about, way=Way.SEEN)
            queued[person_id] = outbox.post(
                store.session, addresses[person_id], message, priority=priority, intent=key, not_before=not_before
            )
    return queued


def tell_chat(store: Store, address: str, text: str, buttons: Sequence[Sequence[Button]] = ()) -> None:
    """Send a message to one chat, which may belong to nobody."""
    rows = tuple(tuple(row) for row in buttons)
    outbox.post(store.session, address, Outgoing(text=text, buttons=rows))


async def _addresses(store: Store, world: World, person_ids: Iterable[int]) -> dict[int, str]:
    """Where to write to each person. Officials are in memory; one who is listed there without an address has none."""
    officials = {one: world.directory.person(one) for one in person_ids}
    found = {one: official.address for one, official in officials.items() if official and official.address}
    others = [one for one, official in officials.items() if official is None]
    return found | (await store.chats.reachable(others) if others else {})
