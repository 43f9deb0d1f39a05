"""What people type, speak or paste, read into values. Pure functions; whatever cannot be read raises `Unreadable`."""

from handlers.rules.reading.choices import read_choice, read_several, read_yes_no
from handlers.rules.reading.cleaning import clean, shortened, tidy
from handlers.rules.reading.dates import read_date
from handlers.rules.reading.errors import Unreadable
from handlers.rules.reading.identity import read_id_number, read_phone
from handlers.rules.reading.names import match_person
from handlers.rules.reading.numerals import read_number

__all__ = [
    "Unreadable",
    "clean",
    "match_person",
    "read_choice",
    "read_date",
    "read_id_number",
    "read_number",
    "read_phone",
    "read_several",
    "read_yes_no",
    "shortened",
    "tidy",
]
