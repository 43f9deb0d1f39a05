"""How the person spoken to knows somebody."""

from __future__ import annotations

from handlers.engine.chat import Chat


async def name_of(chat: Chat, person_id: int | None) -> str:
    """您, a name, or 同事 for somebody who is no longer known."""
    if person_id == chat.person.id:
        return "您"
    person = await chat.store.people.get(person_id) if person_id else None
    return person.name if person else "同事"
