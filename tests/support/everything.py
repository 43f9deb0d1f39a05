"""One row of everything that is kept sealed or as JSON, so that a test can damage each."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from handlers.cases.table import Act
from storage.charts.orders import Chart
from storage.database.base import new_id
from storage.database.tables import all_tables
from storage.mail import downloads, inbox, outbox, talks, transcripts
from storage.mail.messages import Incoming, Outgoing
from storage.mail.talks import DRAFT, Talk
from storage.notices.sent import Audience
from storage.people.persons import Role
from storage.problems.signals import SignalKind
from storage.reconciling import DifferenceKind, NewDifference, Owner
from storage.screening.records import RowState
from storage.selfchecks import Scope, SelfCheckFinding
from storage.store import Store
from storage.visits import VisitOutcome
from storage.watchlists import NewWatched
from storage.weekly.reports import ReportState
from tests.support.cases import case_after, helped
from tests.support.plan import BAITA, PLAN, TOWN
from tests.support.problems import add, submit
from tests.support.town import VAULT, Town


def sealed_columns() -> dict[str, list[sa.Column[object]]]:
    """The columns of every table that hold sealed bytes or JSON, but for the check of the key: only the start reads it."""
    found = {
        table.name: [column for column in table.c if isinstance(column.type, sa.LargeBinary | sa.JSON)]
        for table in all_tables().sorted_tables
        if table.name != "key_checks"
    }
    return {name: columns for name, columns in found.items() if columns and name != "key_checks"}  # which no subject reads


async def fill(town: Town) -> None:
    """Let everything happen once in Baita; what a damaged row was about is 张三's, household 1001."""
    home = await town.household(1001)
    li, zhou = town.people["李村"], town.people["周镇"]
    await town.join_household("张三", 1001)
    clue = await case_after(town)
    await helped(town, clue, percent=40)
    await case_after(town, (Act.FOUND,), number=1002)
    problem = await add(town)
    await submit(town, problem)
    open_one = await add(town, "路灯坏了")
    sha256 = await town.keep(b"a list", "text/csv")
    day = town.now.date()
    async with town.transaction() as tx, tx.session("test", "fill") as session:
        store = Store(session)
        await store.clues.join(clue, town.people["赵村"], detail="我也看见了")
        store.people.add("陈新", "13800001111")
        store.signals.add(problem.id, SignalKind.FAR, detail="离得远")
        store.fanouts.start(open_one, "有没有路灯坏了", due_on=day, rectify_by=day, villages=[BAITA], by=zhou)
        await store.visits.add(home, PLAN.id, by=li, outcome=VisitOutcome.FINE, note="都好")
        await store.selfchecks.record(
            PLAN.id, Scope(BAITA, "villages"), item="2.4", finding=SelfCheckFinding.FINE, by=li, note="看过了"
        )
        await store.indicators.enter(day.year, BAITA, code="workers", value=100, by=li, reason="少了一户")
        store.watchlists.add(
            PLAN.id,
            NewWatched(
                list="chronic", household_id=home.id, village=BAITA, name="张三", id_blind=None, note="", origin="health",
                next_on=day,
            ),
        )  # fmt: skip
        store.notices.file(
            zhou,
            Role.TOWN,
            region=TOWN,
            audience=Audience(people=(li,)),
            words="明天开会",
            file=None,
            file_name="",
            expects=True,
        )
        store.chart_orders.add(zhou, "test:周镇", chart=Chart.HEAT.value, wall=False, problem_id=None)
        store.ledger_orders.add(zhou, "test:周镇", ledger="problems", reason="")
        screening = store.screening_lists.hand_in(sha256, "名单.csv", sender_id=zhou, region=TOWN, unit=None)
        store.screening_lists.take_down(screening.id, 1, name="张三", state=RowState.ASK, why="", candidates=[home.id])
        made = store.reconciliations.add("national", [], sha256=sha256, listed=1, matched=0, by=zhou)
        owner = Owner(role=Role.VILLAGE, region=BAITA)
        await store.reconciliations.enter(
            made, "national", sender=owner, agreed=[],
            found=[
                NewDifference(
                    fingerprint="f", kind=DifferenceKind.NOT_OURS, village=BAITA, household_id=home.id, name="张三", owner=owner
                )
            ],
        )  # fmt: skip
        store.samples.add("round", "seed", by=zhou, roster=1, drawn=[home], closed=[])
        store.supervisions.add(BAITA, zhou, looked_at="看了账", findings=0)
        await store.weekly_reports.keep(li, date(2022, 10, 3), village=BAITA, state=ReportState.SENT, lines=["走访 3 户。"])
        store.erasures.ask(town.people["张三"])
        store.admissions.ask("test:孙村", "何苗", role=Role.VILLAGE, region=BAITA, phone="13800002222")
        store.arrivals.add(
            town.people["赵村"], "test:赵村", role=Role.VILLAGE, region=BAITA, told=[zhou], newcomer=False, bound=False
        )
        outbox.post(session, "test:孙村", Outgoing(text="先放着"), not_before=town.now.replace(hour=23))
    async with town.transaction() as tx, tx.session("test", "fill") as session:
        store = Store(session)
        sample = await store.samples.of("round")
        assert sample is not None
        check = await store.samples.check_of(sample, home.id)
        assert check is not None
        await store.samples.checked(check, zhou, holds=True, note="属实")
        erasure = await store.erasures.open_of(town.people["张三"])
        assert erasure is not None
        await store.erasures.refuse(erasure.id, zhou, reason="还在办")
        message = Incoming(address="test:赵村", key="damaged", at=town.now, text="我说过的话")
        await inbox.put(tx.conn, inbox.rows_of(VAULT, [message], town.now), town.now)
        await transcripts.append(tx.conn, VAULT, "test:李村", "page:1", Outgoing(text="说过的话"), town.now, mine=True)
        file = {"id": new_id(), "key": "test:1", "address": "test:赵村", "update": VAULT.seal_json({}), "kept_at": town.now}
        await tx.conn.execute(downloads.downloads.insert(), VAULT.bind(downloads.downloads, file, file))
        talk = Talk(new_id(), "test:赵村", town.people["赵村"], "report", town.now, state=DRAFT, answers={"detail": "漏雨"})
        await talks.save(tx.conn, talks.rows_of(VAULT, [talk]))
