"""Understanding one sentence said outside any talk. Pure. Words, roster and plan in, what is meant out."""

from handlers.sentences.understanding.meaning import Intent, Understood
from handlers.sentences.understanding.names import NameIndex
from handlers.sentences.understanding.sentence import understand

__all__ = ["Intent", "NameIndex", "Understood", "understand"]
