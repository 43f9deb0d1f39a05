"""What is the same for every chat: the plan, who is in office, who is on the roster, where files are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from storage.files.media import MediaStore
from storage.people.leaves import Leave
from storage.people.persons import Directory
from storage.plan import Plan
from storage.roster import Roster


@dataclass(slots=True)
class World:
    """Refreshed by the worker before a batch when its source has changed; conversations only read it.

    `links` makes the addresses shown to people; the platforms that are on fill it in.
    """

    plan: Plan
    media: MediaStore
    roster: Roster = field(default_factory=lambda: Roster([]))
    directory: Directory = field(default_factory=lambda: Directory([]))
    leaves: Sequence[Leave] = ()
    web_base: str = ""
    telegram_name: str = ""

    @property
    def round(self) -> str:
        """The key of the second-round sweep (第二轮排查), which happens once in a plan."""
        return self.plan.id

    def join_links(self, token: str) -> list[str]:
        """Where an invitation can be opened: the phone page, and Telegram when the bot is there."""
        links = [f"{self.web_base}/join/{token}"] if self.web_base else []
        if self.telegram_name:
            links.append(f"https://t.me/{self.telegram_name}?start={token}")
        return links
