"""Understanding one sentence said outside any talk. Pure: words, roster and plan in, what is meant out."""

from handlers.rules.understanding.names import NameIndex
from handlers.rules.understanding.sentence import understand
from handlers.rules.understanding.understood import Intent, Understood

__all__ = ["Intent", "NameIndex", "Understood", "understand"]
