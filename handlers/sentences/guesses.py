"""The answers that a sentence already gives to the questions of the conversation it begins."""

from __future__ import annotations

from collections.abc import Sequence

from handlers.engine.chat import Chat
from handlers.engine.journal import LEFT_OUT, Guesses
from handlers.engine.questions.evidenced_text import EvidencedText
from handlers.sentences.understanding import Understood
from storage.database.base import to_base36
from storage.mail.talks import Guess
from storage.problems.records import Problem
from storage.visits import VisitOutcome


def for_report(chat: Chat, heard: Understood, told: EvidencedText) -> Guesses:
    return _household(chat, heard) | _difficulty(heard, told)


def for_own_report(kinds: Sequence[str], told: EvidencedText) -> Guesses:
    """For a household's own report, where words and evidence are one answer."""
    return _kinds(kinds) | {"detail": Guess(told.model_dump(mode="json")), "photos": LEFT_OUT}


def for_visit(chat: Chat, heard: Understood, told: EvidencedText) -> Guesses:
    home = _household(chat, heard)
    if heard.absent:
        return home | {"outcome": Guess(VisitOutcome.ABSENT.value)}
    if heard.fine is None:
        return home
    if heard.fine:
        return home | {"outcome": Guess(VisitOutcome.FINE.value)}
    return home | {"outcome": Guess(VisitOutcome.TROUBLE.value)} | _difficulty(heard, told)


def for_progress(problem: Problem | None, told: EvidencedText) -> Guesses:
    which = {"problem": Guess(to_base36(problem.id))} if problem else {}
    return which | {"done": Guess(told.model_dump(mode="json"))}


def for_leave(heard: Understood) -> Guesses:
    days = {"first": heard.first, "last": heard.last}
    return {key: Guess(day.isoformat()) for key, day in days.items() if day}


def _household(chat: Chat, heard: Understood) -> Guesses:
    """The household meant, or those among which to choose."""
    if not heard.households:
        return {}
    if len(heard.households) == 1:
        return {"household": Guess(chat.world.roster.by_id[heard.households[0]].model_dump())}
    return {"household": Guess(list(heard.households), part=True)}


def _difficulty(heard: Understood, told: EvidencedText) -> Guesses:
    shown = told.model_dump(mode="json", exclude={"text"}, exclude_defaults=True)
    photos = Guess(shown) if shown else LEFT_OUT
    return _kinds(heard.kinds) | {"detail": Guess(told.text), "photos": photos}


def _kinds(kinds: Sequence[str]) -> Guesses:
    return {"kinds": Guess(list(kinds))} if kinds else {}
