"""The problem ledger: claimed, progressed, accepted, spot-checked, asked of every village."""

CONVERSATIONS = (
    "accept",
    "claim",
    "fanout",
    "fanout_answer",
    "fanout_view",
    "importing",
    "overdue",
    "progress",
    "schedule",
    "signals",
    "spot_check",
    "view",
)
JOBS = ("signals_job",)
