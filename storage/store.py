"""Everything a conversation or job may ask of storage, in one place."""

from __future__ import annotations

from functools import cached_property

from storage.admissions import Admissions
from storage.attachments import Attachments
from storage.chats import Chats
from storage.clues import Clues
from storage.consents import Consents
from storage.drafts import Drafts
from storage.erasures import Erasures
from storage.households import Households
from storage.invites import Invites
from storage.media import Media
from storage.people import People
from storage.problems import Problems
from storage.quiz import Quiz
from storage.reminders import Reminders
from storage.transaction import Session


class Store:
    """One session's aggregates, each made when first asked for."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @cached_property
    def admissions(self) -> Admissions:
        return Admissions(self.session)

    @cached_property
    def attachments(self) -> Attachments:
        return Attachments(self.session)

    @cached_property
    def chats(self) -> Chats:
        return Chats(self.session)

    @cached_property
    def clues(self) -> Clues:
        return Clues(self.session)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.session)

    @cached_property
    def drafts(self) -> Drafts:
        return Drafts(self.session)

    @cached_property
    def erasures(self) -> Erasures:
        return Erasures(self.session)

    @cached_property
    def households(self) -> Households:
        return Households(self.session)

    @cached_property
    def invites(self) -> Invites:
        return Invites(self.session)

    @cached_property
    def media(self) -> Media:
        return Media(self.session)

    @cached_property
    def people(self) -> People:
        return People(self.session)

    @cached_property
    def problems(self) -> Problems:
        return Problems(self.session)

    @cached_property
    def quiz(self) -> Quiz:
        return Quiz(self.session)

    @cached_property
    def reminders(self) -> Reminders:
        return Reminders(self.session)
