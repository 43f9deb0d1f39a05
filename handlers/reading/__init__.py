"""What people type, speak or paste, read into values. Pure. Whatever cannot be read raises `Unreadable`."""

from handlers.reading.choices import read_choice, read_several, read_yes_no
from handlers.reading.cleaning import clean, shortened, tidy
from handlers.reading.dates import read_date
from handlers.reading.errors import Unreadable
from handlers.reading.identity import read_id_number, read_phone
from handlers.reading.names import match_person
from handlers.reading.numerals import read_number

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
