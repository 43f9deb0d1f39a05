"""The kinds of question that a conversation can ask."""

from handlers.engine.questions.base import Option, Question
from handlers.engine.questions.document import Document
from handlers.engine.questions.evidenced_text import EvidencedText, TextWithEvidence
from handlers.engine.questions.household import HouseholdChoice
from handlers.engine.questions.options import Choice, Confirm, Several
from handlers.engine.questions.photos import Evidence, Photos, Position
from handlers.engine.questions.written import Day, IdNumber, Number, Phone, Text

__all__ = [
    "Choice",
    "Confirm",
    "Day",
    "Document",
    "Evidence",
    "EvidencedText",
    "HouseholdChoice",
    "IdNumber",
    "Number",
    "Option",
    "Phone",
    "Photos",
    "Position",
    "Question",
    "Several",
    "Text",
    "TextWithEvidence",
]
