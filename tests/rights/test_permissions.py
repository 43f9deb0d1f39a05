"""Who may do what: every conversation times everybody of the cast. What is not yours looks like what is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from handlers.calendar.planning import plan_deadline
from handlers.engine.conversation import conversations
from handlers.engine.words import GONE, NOT_YOURS, STOPPED
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
from tests.support.paths import ROOT
from tests.support.permissions import CLUE, OF_A_BUTTON, OPEN_TO, OPENS, TABLE, command, in_words, opens
from tests.support.plan import BAITA, WAFANG
from tests.support.probes import CAST, JOIN, OUT, SECRETS, Probes, enter
from tests.support.town import Town

NOT_THERE = ((NOT_YOURS,), (JOIN,), (STOPPED,))
"""What those hear to whom it is not there: in office or at home, as strangers, and stopped."""

DUE = date(2022, 10, 25)

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
    assert sorted(set(conversations()) ^ set(OPEN_TO)) == [], "say in OPENS of tests/support/permissions.py who may begin these"
    assert {command(key) for key in TABLE} <= set(OPEN_TO)
    assert len(OPEN_TO) == sum(len(names.split()) for names in OPENS.values()), "each once"


def test_the_docs_have_the_same_table() -> None:
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    assert in_words() in page, "`python -m tests.support.permissions` writes the table for docs/security.md"


@pytest.mark.sqlite_only
async def test_what_is_not_yours_is_not_there(probes: Probes) -> None:
    filled = await _furnish(probes.town)
    asked: dict[tuple[str, str, str], tuple[str, str]] = {}
    for name, row in TABLE.items():
        absent = row.missing.format(**filled)
        for who in sorted(CAST, key=lambda one: one in row.allowed):  # first those who may not
            for thing in (form.format(**filled) for form in (row.things[:1] if who in OUT else row.things)):
                real = probes.ask(who, f"/{command(name)} {thing}", button=True)
                forged = probes.ask(who, f"/{command(name)} {absent}", button=True)
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
    return "" if in_words or real in NOT_THERE else "not the words of what does not exist"


@pytest.mark.sqlite_only
async def test_a_command_is_only_for_its_roles_and_shows_nobody_elses_secrets(probes: Probes) -> None:
    """Each conversation, without naming a thing, by everybody."""
    await _furnish(probes.town)
    said = [*conversations(), *(f"{name} {page}" for name, page in PAGES.items())]
    asked = {(name, who): probes.ask(who, f"/{name}") for name in said for who in CAST}
    got = await probes.run()
    about_things = {command(key) for key in TABLE} | OF_A_BUTTON | {f"{name} {page}" for name, page in PAGES.items()}
    wrong = []
    for (name, who), key in asked.items():
        post, text = CAST[who], " ".join(got[key])
        if not opens(name.partition(" ")[0], who):
            if got[key] != (OUT.get(who) or (JOIN if post is None else NOT_YOURS),):
                wrong.append(f"{who}: /{name} is not for this role: {text}")
        elif name not in about_things and got[key] in NOT_THERE and post is not None:
            wrong.append(f"{who}: /{name} is for this role: {text}")
        secrets = SECRETS[1:] if who == "unconfirmed" else SECRETS  # whose name it gave
        if who not in CLUE and any(secret in text for secret in secrets):
            wrong.append(f"{who}: /{name} shows what is not theirs: {text}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.sqlite_only
async def test_who_may_put_an_unconfirmed_phone_out(probes: Probes) -> None:
    """The family itself and who knows it; each tries at a phone of their own, since the first would put it out."""
    filled = await _furnish(probes.town)
    asked = {who: probes.ask(who, f"/newcomer {key} no", button=True) for who, key in filled["joiners"].items()}
    got = await probes.run()
    may = {who for who, key in asked.items() if "已经退出" in " ".join(got[key])}
    assert may == {"household", "village", "town"}
    assert all(got[key] in NOT_THERE for who, key in asked.items() if who not in may)


async def test_no_forged_argument_breaks_anything(probes: Probes) -> None:
    """Whatever stands behind a command, there is an answer."""
    await _furnish(probes.town)
    asked = {
        f"/{name} {forged}": probes.ask(who, f"/{name} {forged}", button=True)
        for name in conversations()
        for who in [next(one for one, post in CAST.items() if post and opens(name, one))]
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
        assert " ".join(got[real]).removeprefix("✎ ").strip() in (GONE, JOIN, STOPPED, "没有放着的事。发「菜单」看能办什么。")


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
