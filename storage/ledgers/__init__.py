"""What the offices' ledgers are filled from: whole regions, a file a ledger.

Numbers that name a person come as they are; whoever hands them on masks them.
"""

TABLES = ("orders",)
