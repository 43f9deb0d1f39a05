"""The ledgers that offices take home, one file each. A new one is a file and a line here."""

from handlers.ledgers.base import Ledger
from handlers.ledgers.clues import CLUES
from handlers.ledgers.households import HOUSEHOLDS
from handlers.ledgers.indicators import INDICATORS
from handlers.ledgers.problems import PROBLEMS
from handlers.ledgers.sweep import SWEEP
from handlers.ledgers.unreachable import UNREACHABLE
from handlers.ledgers.weak_clauses import WEAK_CLAUSES

LEDGERS: dict[str, Ledger] = {
    ledger.code: ledger for ledger in (CLUES, HOUSEHOLDS, PROBLEMS, SWEEP, INDICATORS, WEAK_CLAUSES, UNREACHABLE)
}
