"""Who may do what: every conversation times every role times every scope. What is not yours looks like what is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from handlers.calendar.planning import plan_deadline
from handlers.engine import words
from handlers.engine.conversation import conversations
from handlers.engine.words import GONE, NOT_YOURS
from handlers.selfchecks.rules import key_of, scopes
from storage.cases.records import ClueSource
from storage.database.base import new_id, to_base36
from storage.handbook.policies import NewPolicy
from storage.notices.sent import Audience
from storage.people.persons import Role
from storage.problems.records import NewProblem
from storage.problems.signals import SignalKind
from storage.reconciling import DifferenceKind, NewDifference, Owner
from storage.screening.records import ListState, RowState
from storage.store import Store
from tests.support.plan import BAITA, WAFANG
from tests.support.probes import CAST, HOME, SECRETS, Probes, enter
from tests.support.town import Town

JOIN = words.JOIN.replace("\n", " / ")
"""As `Probes` shows it."""

DUE = date(2022, 10, 25)
NOWHERE = "220881100299"
"""A code like a village's, which the plan does not know."""

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
    "start": Row(("{used}",), "{none}", set(CAST), in_words=True),
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

ONES_OWN = frozenset({
    "absences", "notice", "cases", "done", "export", "forget", "help", "import", "indicator", "indicators",
    "indicatortable", "leave", "map", "me", "my", "overdue", "overview", "tell",
    "quiz", "reconcile", "report", "sample", "selfchecks", "selfreport", "summary", "supervise", "todo", "twolists",
    "invite", "unregistered", "watchlist", "watchlists", "weak", "exam", "recite",
    "burden", "quiet", "weeklies", "weekly", "addpolicy", "knocks", "vouch", "phones", "homephones", "family", "clock",
})  # fmt: skip
"""Conversations about what is one's own, or within one's posts; what follows the command is a page, a month, a kind."""

PAGES = {
    "cases": "verify 1", "indicators": "1 0", "overdue": "0", "sample": "1", "selfchecks": "0", "summary": "2022-10",
    "unregistered": "1", "watchlists": "0", "export": "problems", "invites": "1", "clock": "right 1",
}  # fmt: skip
"""What may follow the commands about one's own: it must not widen what one sees."""

FORGED = (
    "99999999999999999999", "999999999", "9999999号", "-1", "٣", "zzzzzzzzzzzzzz", "' or 1=1 --", "~", "👍", "8z 8z 8z 8z",
    "clue:99999999999999999999", "clue 99999999999999999999 20221025", "problem 1 99999999", "0",
)  # fmt: skip


@pytest.fixture
async def probes(database_url: str, tmp_path: Path) -> AsyncIterator[Probes]:
    """The cast alone, without the people of the small town."""
    town = Town(database_url, tmp_path)
    yield Probes(town)
    await town.close()


def test_every_conversation_is_in_the_table() -> None:
    named = {_command(key) for key in TABLE}
    known = named | ONES_OWN
    new = sorted(set(conversations()) - known)
    assert not new, (
        f"not classified: {new}. Add each to TABLE in {__name__}, with who may, if it is about one thing; else to ONES_OWN."
    )
    assert not known - set(conversations())
    assert not named & ONES_OWN


def _command(key: str) -> str:
    return key.partition("#")[0]


@pytest.mark.sqlite_only
async def test_what_is_not_yours_is_not_there(probes: Probes) -> None:
    filled = await _furnish(probes.town)
    asked: dict[tuple[str, str, str], tuple[str, str]] = {}
    for name, row in TABLE.items():
        absent = row.missing.format(**filled)
        for who in sorted(CAST, key=lambda one: one in row.allowed):  # first those who may not
            for thing in (form.format(**filled) for form in row.things):
                real = probes.ask(who, f"/{_command(name)} {thing}", button=True)
                forged = probes.ask(who, f"/{_command(name)} {absent}", button=True)
                asked[name, who, thing] = (real, forged)
    got = await probes.run()
    wrong = []
    for (name, who, thing), (real, forged) in asked.items():
        allowed = who in TABLE[name].allowed
        if fault := _fault(got[real], got[forged], allowed, TABLE[name].in_words):
            wrong.append(f"{who}: /{name} {thing}: {fault}: {got[real]} / {got[forged]}")
    assert not wrong, "\n".join(wrong)


def _fault(real: tuple[str, ...], forged: tuple[str, ...], allowed: bool, in_words: bool) -> str:
    if not real or not forged:
        return "no answer"
    if allowed:
        return "" if real != forged else "refused, but allowed"
    if real != forged:
        return "tells that it exists"
    return "" if in_words or real in ((NOT_YOURS,), (JOIN,)) else "not the words of what does not exist"


@pytest.mark.sqlite_only
async def test_a_command_is_only_for_its_roles_and_shows_nobody_elses_secrets(probes: Probes) -> None:
    """Each conversation, without naming a thing, by everybody."""
    await _furnish(probes.town)
    said = [*conversations(), *(f"{name} {page}" for name, page in PAGES.items())]
    asked = {(name, who): probes.ask(who, f"/{name}") for name in said for who in CAST}
    got = await probes.run()
    wrong = []
    for (name, who), key in asked.items():
        post, text = CAST[who], " ".join(got[key])
        closed = not _open_to(name.partition(" ")[0], post and post[0])
        if closed and got[key] != ((JOIN,) if post is None else (NOT_YOURS,)):
            wrong.append(f"{who}: /{name} is not for this role: {text}")
        secrets = SECRETS[1:] if who == "unconfirmed" else SECRETS  # whose name it gave
        if who not in CLUE and any(secret in text for secret in secrets):
            wrong.append(f"{who}: /{name} shows what is not theirs: {text}")
    assert not wrong, "\n".join(wrong)


def _open_to(name: str, role: Role | None) -> bool:
    wanted = conversations()[name]
    return name in ("start", "help") or role in wanted.roles


@pytest.mark.sqlite_only
async def test_who_may_put_an_unconfirmed_phone_out(probes: Probes) -> None:
    """The family itself and who knows it; each tries at a phone of their own, since the first would put it out."""
    filled = await _furnish(probes.town)
    asked = {who: probes.ask(who, f"/newcomer {key} no", button=True) for who, key in filled["joiners"].items()}
    got = await probes.run()
    may = {who for who, key in asked.items() if "已经退出" in " ".join(got[key])}
    assert may == {"household", "village", "town"}
    assert all(got[key] in ((NOT_YOURS,), (JOIN,)) for who, key in asked.items() if who not in may)


async def test_no_forged_argument_breaks_anything(probes: Probes) -> None:
    """Whatever stands behind a command, there is an answer."""
    await _furnish(probes.town)
    asked = {
        f"/{name} {forged}": probes.ask(who, f"/{name} {forged}", button=True)
        for name in conversations()
        for who in [next(one for one, post in CAST.items() if post and _open_to(name, post[0]))]
        for forged in FORGED
    }
    got = await probes.run()
    assert [said for said, key in asked.items() if not got[key]] == []


@pytest.mark.sqlite_only
async def test_the_button_of_somebody_elses_question_is_like_one_that_never_was(probes: Probes) -> None:
    town = probes.town
    await _furnish(town)
    await town.say("village", "/verify 1")
    says = town.inboxes["village"][-1].buttons[0][0].says
    talk = says.split(":")[0]
    forms: list[tuple[str, Callable[[str], str]]] = [
        (says, lambda says: says.replace(talk, to_base36(new_id()))),
        (f"/resume {talk}", lambda says: says.replace(talk, to_base36(new_id()))),
    ]
    asked = {
        (who, real): (probes.ask(who, real, button=True), probes.ask(who, forge(real), button=True))
        for who in CAST
        if who != "village"
        for real, forge in forms
    }
    got = await probes.run()
    for (who, said), (real, forged) in asked.items():
        assert got[real] == got[forged], (who, said)
        assert " ".join(got[real]).removeprefix("✎ ").strip() in (GONE, JOIN, "没有放着的事。发「菜单」看能办什么。")


async def _furnish(town: Town) -> dict[str, Any]:
    """One of each thing in the village; returns what the table's names in braces stand for."""
    homes = await enter(town)
    home = homes["曾国强"]
    plan, people = town.world.plan, town.people
    async with town.transaction() as tx, tx.session("test", "furnish") as session:
        store = Store(session)
        clue = await store.clues.add(
            household_id=home, village=BAITA, source=ClueSource.CADRE, kinds=["housing"], detail=SECRETS[1],
            reporter_id=people["village"], due_on=DUE,
        )  # fmt: skip
        new = NewProblem(
            source="ten_tasks", item="2.4", region=BAITA, household_id=home, description=SECRETS[2],
            units=("housing",), deadline=DUE,
        )  # fmt: skip
        problem = await store.problems.add(new, store.problems.fingerprint("one"))
        plan_deadline(store.reminders, plan, subject="problem", subject_id=str(problem.id), deadline=DUE, now=town.now)
        elsewhere = await store.problems.add(
            NewProblem(source="ten_tasks", item="2.4", region=WAFANG, description="别村的", deadline=DUE),
            store.problems.fingerprint("two"),
        )
        tasks = store.fanouts.start(elsewhere, "查一查", due_on=DUE, rectify_by=DUE, villages=[BAITA], by=people["town"])
        support = store.measures.open(clue_id=clue.id, household_id=home, national_number="1", kind="脱贫不稳定户")
        measure = store.measures.add(support, kind="housing", text="修房", unit="housing", deadline=DUE)
        store.signals.add(problem.id, SignalKind.FAR, detail="照片离村 9 公里")
        ((signal,), _) = await store.signals.open_in([BAITA], 1)
        admission = store.admissions.ask("test:village", "曾国强", role=Role.HOUSEHOLD, region=BAITA)
        newcomer = store.admissions.ask("test:other unit", SECRETS[0], role=Role.VILLAGE, region=BAITA)
        asked: dict[str, Any] = {"role": Role.VILLAGE, "region": BAITA, "person_id": people["village"]}
        phone = store.admissions.ask("test:other unit", "village", **asked)
        further = store.admissions.ask("test:village", "village", **asked, by_office=True)
        seen = {"unit": None, "post_id": None, "newcomer": False, "bound": False}
        arrival, stopped = (
            store.arrivals.add(
                people["other unit"], "test:other unit", role=Role.VILLAGE, region=BAITA,
                told=[people["village"], people["town"]], **seen,
            )
            for _ in range(2)
        )  # fmt: skip
        noted = await store.arrivals.get(stopped)
        if noted is not None:
            await store.arrivals.stop(noted, people["village"])
        (chat,) = await store.chats.phones(people["village"])
        invited = store.invites.create(Role.VILLAGE, BAITA, person_name=SECRETS[0], created_by=people["town"])
        invite = await store.invites.find(invited)
        erasure = store.erasures.ask(people["village"])
        (post,) = (await store.people.get(people["village"]) or pytest.fail("nobody")).posts
        handover = store.handovers.ask(post.id, people["village"], successor_id=people["other village"], by=people["village"])
        screening = store.screening_lists.hand_in(
            "0" * 64, "名单.xlsx", sender_id=people["unit"], region="220881100", unit="housing"
        )
        screening = await store.screening_lists.amend(screening, state=ListState.DONE.value)
        store.screening_lists.take_down(
            screening.id, 1, name=SECRETS[0], state=RowState.ASK, why="", village=BAITA, candidates=[home]
        )
        owner = Owner(role=Role.VILLAGE, region=BAITA)
        difference = NewDifference(fingerprint="x", kind=DifferenceKind.NOT_LISTED, village=BAITA, name=SECRETS[0], owner=owner)
        compared = store.reconciliations.add("national", ["x"], sha256="1" * 64, listed=1, matched=0, by=people["town"])
        await store.reconciliations.enter(compared, "national", sender=owner, found=[difference], agreed=[])
        store.follow_ups.ask(clue.id)
        drawn = [one for key in homes.values() if (one := await store.households.get(key))]
        store.samples.add(plan.id, "seed", by=people["county"], roster=2, drawn=drawn, closed=[])
        told = Audience(people=(people["village"],))
        notice = store.notices.file(
            people["town"],
            Role.TOWN,
            region="220881100",
            audience=told,
            words=SECRETS[2],
            file=None,
            file_name="",
            expects=True,
        )
        store.notice_receipts.add(notice, people["village"], receiver_id=people["village"], letter_id=None)
        store.media.keep("2" * 64, 1, content_type="text/plain")
        document = NewPolicy(
            title="内部分工", number="", dated=None, for_all=False, region="220881100", sha256="2" * 64, file_name="",
            added_by=people["town"],
        )  # fmt: skip
        policy = await store.policies.add(document, [("第一条", "", "只给干部看")])
        (passage,) = await store.policies.find([("干", "部")], ["220881100"], for_all=False, most=9)
        used = store.invites.create(Role.UNIT, "220881100", unit="health", uses=0)
        newcomers = [
            store.people.appoint(store.people.add(f"新来{who}"), Role.HOUSEHOLD, region=BAITA, household_id=home)
            for who in ("", *CAST)
        ]
    scope = next(one for one in scopes(plan) if one.region == BAITA)
    return {
        "clue": to_base36(clue.id), "clue_id": clue.id, "problem": to_base36(problem.id), "problem_id": problem.id,
        "task": to_base36(tasks[BAITA]), "measure": to_base36(measure.id), "signal": to_base36(signal.id),
        "admission": to_base36(admission.id), "erasure": to_base36(erasure), "handover": to_base36(handover),
        "notice": to_base36(notice), "newcomer": to_base36(newcomer.id), "phone": to_base36(phone.id),
        "further": to_base36(further.id), "arrival": to_base36(arrival), "stopped": to_base36(stopped),
        "invite": to_base36(invite.id if invite else 0), "person": to_base36(people["village"]), "chat": chat.key,
        "post": to_base36(post.id), "joined": to_base36(newcomers[0]),
        "joiners": dict(zip(CAST, map(to_base36, newcomers[1:]), strict=True)),
        "list": to_base36(screening.id), "scope": key_of(scope), "used": used, "policy": to_base36(policy.id),
        "passage": to_base36(passage.id), "none": to_base36(new_id()),
    }  # fmt: skip
