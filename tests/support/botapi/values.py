"""What the Bot API server takes, keeps and answers: messages, calls, faults and errors."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

TOKEN = "1234567:TEST-token-of-the-loopback-server"
MAX_TEXT, MAX_CAPTION, MAX_CALLBACK_DATA, MAX_BUTTONS = 4096, 1024, 64, 100
MAX_DOWNLOAD = 20 * 1024 * 1024

Json = dict[str, Any]


@dataclass
class Faults:
    """What goes wrong, as probabilities a call (0 to 1). `seed` makes the sequence of draws repeatable.

    `methods` limits the faults of a call to those methods, lower case; empty means all. `delay` (seconds)
    holds back every answer; it is no fault and applies to all methods.
    """

    throttle: float = 0.0  # 429 with retry_after; nothing done
    error: float = 0.0  # 500; nothing done
    bad_gateway: float = 0.0  # 502 with an HTML body; nothing done
    drop: float = 0.0  # connection cut; nothing done
    lose: float = 0.0  # done, then the connection is cut: outcome unknown to the caller
    hang: float = 0.0  # done, then never answered: outcome unknown to the caller
    duplicate: float = 0.0  # an update already confirmed is given again, a getUpdates answer or a push
    shuffle: float = 0.0  # updates of one getUpdates answer come out of order
    retry_after: float = 1.0  # seconds
    delay: float = 0.0  # seconds
    seed: int = 0
    methods: list[str] = field(default_factory=list)

    def table(self) -> list[tuple[str, float]]:
        """Faults of a call with the upper bound of each one's share of [0, 1)."""
        kinds = ("throttle", "error", "bad_gateway", "drop", "lose", "hang")
        return list(zip(kinds, itertools.accumulate(getattr(self, kind) for kind in kinds), strict=True))


@dataclass
class Message:
    """A message in a chat, as the phone shows it: really delivered, whatever the bot was told."""

    chat_id: int
    message_id: int
    from_bot: bool
    kind: str  # text, photo, document, location or contact
    text: str = ""  # or the caption
    reply_markup: Json | None = None
    file_id: str | None = None
    time: float = 0.0  # Unix time
    answered: bool = True  # False: the bot was never told that this was sent
    edits: int = 0
    markups: list[Json] = field(default_factory=list)  # keyboards it had before, which a slow thumb may still hit

    def buttons(self) -> list[Json]:
        """Its inline buttons now, row by row."""
        rows = (self.reply_markup or {}).get("inline_keyboard", [])
        return [button for row in rows for button in row]


@dataclass
class Call:
    """One request of the bot: what it asked, what became of it."""

    method: str
    params: Json
    time: float
    fault: str | None  # the fault injected, if any
    done: bool = False  # it took effect
    answered: bool = False  # the answer reached the bot's socket
    code: int = 0  # HTTP status given or meant
    message_id: int | None = None

    @property
    def chat_id(self) -> int | None:
        return int(self.params["chat_id"]) if "chat_id" in self.params else None

    @property
    def text(self) -> str:
        return str(self.params.get("text") or self.params.get("caption") or "")

    @property
    def reply_markup(self) -> Json | None:
        markup: Json | None = decoded(self.params.get("reply_markup"))
        return markup


class ApiError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: object) -> None:
        super().__init__(description)
        self.code = code
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


@dataclass
class Upload:
    filename: str
    content: bytes
    mimetype: str


@dataclass
class Raw:
    """A result that is already JSON."""

    text: str


def decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value else value
