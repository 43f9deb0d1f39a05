"""What all chats share: the plan, the officials, the roster, and the kept files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from handlers.engine.asides import Asides
from storage.files.media import MediaStore
from storage.people.leaves import Leave
from storage.people.persons import Directory
from storage.plan import Plan
from storage.roster import Roster


@dataclass(frozen=True, slots=True)
class PlatformInfo:
    """A platform as people know it: what they call it, and the address that opens an invitation for its `{token}`.

    `join_url` is empty where no invitation can be opened, or not yet.
    """

    label: str
    join_url: str = ""


@dataclass(slots=True)
class World:
    """Refreshed by the worker before a batch when its source has changed; conversations only read it.

    `platforms` is by the name that a chat's address begins with; `bot/` fills it in. `asides` are what steps wait for.
    """

    plan: Plan
    media: MediaStore
    roster: Roster = field(default_factory=lambda: Roster([]))
    directory: Directory = field(default_factory=lambda: Directory([]))
    leaves: Sequence[Leave] = ()
    platforms: dict[str, PlatformInfo] = field(default_factory=dict)
    asides: Asides = field(default_factory=Asides)

    @property
    def round(self) -> str:
        """The key of the second-round sweep (第二轮排查), which happens once in a plan."""
        return self.plan.id

    def join_links(self, token: str) -> list[str]:
        """Where an invitation can be opened, on every platform that can."""
        return [one.join_url.replace("{token}", token) for one in self.platforms.values() if one.join_url]

    def platform_label(self, name: str) -> str:
        """What people call a platform; 其他 for one that is not known here."""
        return self.platforms[name].label if name in self.platforms else "其他"
