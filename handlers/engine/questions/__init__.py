"""The kinds of question a conversation can ask."""

from handlers.engine.questions.base import Option, Question
from handlers.engine.questions.description import Account, Told
from handlers.engine.questions.document import Document
from handlers.engine.questions.household import HouseholdChoice
from handlers.engine.questions.options import Choice, Confirm, Several
from handlers.engine.questions.photos import Evidence, Photos, Where
from handlers.engine.questions.written import Day, IdNumber, Number, Phone, Text

__all__ = [
    "Account",
    "Choice",
    "Confirm",
    "Day",
    "Document",
    "Evidence",
    "HouseholdChoice",
    "IdNumber",
    "Number",
    "Option",
    "Phone",
    "Photos",
    "Question",
    "Several",
    "Text",
    "Told",
    "Where",
]
