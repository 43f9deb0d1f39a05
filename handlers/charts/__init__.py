"""The wall charts 挂图: PNG from figures, with no records and no people's names.

Only what is drawn imports matplotlib, so that a process which merely gathers figures does not pay for it.
"""

CONVERSATIONS = ("ask",)
JOBS = ("job",)
