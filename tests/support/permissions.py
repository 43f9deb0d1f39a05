"""Who may do what: every conversation times every persona of `tests.support.probes.CAST`."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass

from storage.people.persons import Role
from tests.support.plan import BAITA
from tests.support.probes import CAST, HOME, OUT

NOWHERE = "220881100299"
"""A code like a village's, which the plan does not know."""

LETTERS = {Role.HOUSEHOLD: "H", Role.VILLAGE: "V", Role.UNIT: "U", Role.TOWN: "T", Role.COUNTY: "C"}
"""Of the roles; S is a stranger."""

VILLAGE = {"village"}
HOME_AND_VILLAGE = {"household", "village"}
TOWN = {"town"}
ABOVE = {"town", "county"}
COUNTY = {"county"}
VILLAGE_AND_ABOVE = {"village", "town", "county"}
RECTIFIERS = {"village", "unit"}
PROBLEM = {"village", "unit", "town", "county"}
CLUE = {"household", "village", "unit", "town", "county"}


@dataclass(frozen=True)
class Row:
    """`things` are the ways to name one thing of the village, `missing` the same for one that is not there; `{...}` is
    filled in from the fixture. `allowed` are those of the cast who may. `in_words`: those who may not hear what concerns
    themselves instead of NOT_YOURS, also where the thing does not exist."""

    things: tuple[str, ...]
    missing: str
    allowed: Collection[str]
    in_words: bool = False


def _clue(allowed: Collection[str], *forms: str) -> Row:
    return Row(("{clue}", "1", "1号", *forms), "{none}", allowed)


def _problem(allowed: Collection[str], *forms: str) -> Row:
    return Row(("{problem}", "1", "1号", *forms), "{none}", allowed)


TABLE = {
    # a clue, at each step
    "clue": _clue(CLUE),
    "listen": _clue(CLUE),
    "verify": _clue(VILLAGE, "{clue} found", "{clue} none"),
    "authorize": _clue(HOME_AND_VILLAGE),
    "deliberate": _clue(VILLAGE),
    "publicize": _clue(VILLAGE),
    "nominate": _clue(VILLAGE),
    "town_review": _clue(TOWN),
    "county_decide": _clue(COUNTY),
    "enrol": _clue(TOWN),
    "support": _clue(VILLAGE, "{clue} who", "{clue} add"),
    "clear": _clue(VILLAGE),
    "object": _clue({"household"}),
    "objection": _clue(TOWN),
    "words": _clue(VILLAGE, "{clue} family", "1 self"),
    "solved": _clue(HOME_AND_VILLAGE, "{clue} no", "1 yes"),
    "measure": Row(("{measure}",), "{none}", RECTIFIERS),
    # a problem
    "problem": _problem(PROBLEM),
    "progress": _problem(RECTIFIERS, "{problem} done"),
    "claim": _problem(RECTIFIERS),
    "accept": _problem(TOWN, "{problem} ok", "1 no"),
    "reopen": _problem(ABOVE),
    "spotcheck": _problem(ABOVE),
    "schedule": _problem(PROBLEM),
    "deadline": _problem(TOWN),
    "fanout": _problem(TOWN),
    "fanouts": _problem(ABOVE, "{problem} 8"),
    "checked": Row(("{task}", "{task} no"), "{none}", VILLAGE),
    "signals": Row(("{signal}",), "{none}", TOWN),
    # people and their posts
    "admit": Row(("{admission}",), "{none}", TOWN),
    "admit#office": Row(("{newcomer}",), "{none}", ABOVE),
    "admit#phone": Row(("{phone}",), "{none}", VILLAGE_AND_ABOVE),
    "admit#further post": Row(("{further}",), "{none}", ABOVE),
    "deny": Row(("{arrival}",), "{none}", {"village", "town"}),
    "settle": Row(("{stopped}",), "{none}", ABOVE),
    "invites": Row(("{invite}",), "{none}", ABOVE),
    "signout": Row(("{person}.{chat}", "{person}.gone"), "{none}.{chat}", VILLAGE_AND_ABOVE),
    "colleague": Row(("{person}",), "{none}", ABOVE),
    "endpost": Row(("{person} {post}",), "{person} {none}", ABOVE),
    "newcomer": Row(("{joined} yes",), "{none} yes", {"village", "town"}),
    "assign": Row(("clue:{clue}", "clue:1", "problem:1", "1"), "clue:{none}", {"village", "town"}),
    "erasure": Row(("{erasure}",), "{none}", ABOVE),
    "handover": Row(("{handover}",), "{none}", ABOVE),
    "snooze": Row(("clue {clue_id} 20221025",), "clue 1 20221025", VILLAGE_AND_ABOVE),
    "snooze#problem": Row(("problem {problem_id} 20221025",), "problem 1 20221025", PROBLEM),
    "start": Row(("{used}",), "{none}", set(CAST) - {"suspended"}, in_words=True),
    # notices of an office
    "notices": Row(("{notice}", "{notice} 1", "{notice} out"), "{none}", TOWN),
    "received": Row(("{notice}",), "{none}", VILLAGE),
    # the handbook
    "policies": Row(("{policy}",), "{none}", ABOVE),
    "policy": Row(
        ("!{policy}", "#p:{passage}"),
        "!{none}",
        {"village", "other village", "unit", "other unit", "unit elsewhere", "town", "county"},
    ),
    # lists of a village or a unit
    "check": Row((str(HOME),), "999999", COUNTY),
    "sweep": Row((str(HOME),), "999999", VILLAGE),
    "coverage": Row((BAITA, f"{BAITA} 1"), NOWHERE, VILLAGE_AND_ABOVE),
    "watch": Row((BAITA,), NOWHERE, VILLAGE_AND_ABOVE),
    "selfcheck": Row(("{scope}",), f"{NOWHERE}.x", VILLAGE_AND_ABOVE),
    "differences": Row((BAITA,), NOWHERE, TOWN),
    "screening": Row(("{list}", "{list} stop"), "{none}", {"unit", "town"}),
    "screened": Row(("{list}",), "{none}", {"unit", "town"}),
    "samehome": Row(("{list}",), "{none}", {"village", "unit", "town"}, in_words=True),
}
"""Conversations about one thing, which somebody may or may not have to do with; behind # where it is one of several."""

OPENS = {
    "SHVUTC": "help start",
    "HVUTC": "admit clue deny forget listen me my policy received signout tell",
    "VUTC": "claim done exam export handover indicators map problem progress quiet quiz recite schedule selfcheck snooze todo",
    "HVT": "newcomer",
    "UTC": "watchlists",
    "VTC": "cases coverage summary unregistered watch",
    "VUT": "differences indicator indicatortable measure report samehome screened words",
    "HV": "authorize solved",
    "TC": "absences addpolicy burden colleague endpost erasure fanouts invite invites notice notices overdue "
    "overview policies reopen sample selfchecks settle spotcheck weak weeklies",
    "UT": "import reconcile screening watchlist",
    "VT": "assign homephones phones vouch",
    "C": "check county_decide",
    "H": "family object selfreport",
    "T": "accept clock deadline enrol fanout knocks objection signals supervise town_review twolists",
    "V": "checked clear deliberate leave nominate publicize support sweep verify weekly",
}
"""Who may begin a conversation at all, by letters. What is somebody else's is not there for those either: `TABLE` has the
conversations about one thing, the others are about what is one's own or within one's posts."""

OPEN_TO = {name: letters for letters, names in OPENS.items() for name in names.split()}


OF_THE_PLAN = {"map", "notice"}
"""Conversations of the plan's own town and county alone."""

OF_A_BUTTON = {"done"}
"""Those that are nothing without what their button names."""


def opens(name: str, who: str) -> bool:
    """Whether somebody of the cast may begin the conversation."""
    post = CAST[who]
    if who in OUT or (who.startswith("other ") and name in OF_THE_PLAN and post and post[0] in (Role.TOWN, Role.COUNTY)):
        return False
    return (LETTERS[post[0]] if post else "S") in OPEN_TO[name]


def command(key: str) -> str:
    """The conversation that a key of `TABLE` is about."""
    return key.partition("#")[0]


def in_words() -> str:
    """The table, as docs/security.md has it."""
    lines = [f"| | {' | '.join(CAST)} |", f"| --- |{' --- |' * len(CAST)}"]
    for name in sorted(OPEN_TO):
        rows = [row for key, row in TABLE.items() if command(key) == name]
        marks = [
            "" if not opens(name, who) else "●" if not rows or any(who in row.allowed for row in rows) else "○" for who in CAST
        ]
        lines.append(f"| `/{name}` | {' | '.join(marks)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{in_words()}\n")
