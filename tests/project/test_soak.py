"""A short soak, and whether its judge sees what went wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from storage.database.base import SHANGHAI
from storage.mail.messages import REPLY, Button, Outgoing
from storage.mail.outbox import SENT
from tests.soak.faults.updates import UPDATES
from tests.soak.judge import Row, Window, attribute, back_after, disordered, silenced
from tests.soak.load import Delivery, Wait
from tests.soak.run import soak

TIMES = ("restart", "seconds", "back_after_absence")
"""Figures of speed, which a busy machine may miss."""

DOUBT = datetime(2022, 10, 12, 9, 0, tzinfo=SHANGHAI)


def _row(text: str = "哪一户？", doubt: datetime | None = None) -> Row:
    return Row(chat=1, priority=REPLY, state=SENT, uncertain_since=doubt, message=Outgoing(text=text))


@pytest.mark.slow
async def test_nothing_is_lost_or_doubled_when_the_bot_is_killed_again_and_again(tmp_path: Path) -> None:
    figures = await soak(tmp_path, kills=2, seed=7, minutes=6, cadres=8, households_each=12, faults=[UPDATES], each=2)
    assert [figure for figure in figures if not figure.holds and figure.name not in TIMES] == []


def test_a_copy_that_is_listed_as_uncertain_is_accounted_for() -> None:
    row = _row(doubt=DOUBT)
    assert attribute([row], [Delivery(1, 3, "哪一户？"), Delivery(1, 5, "哪一户？")]) == []
    assert row.copies == [3, 5]


def test_a_copy_that_nobody_lists_is_found() -> None:
    copy = Delivery(1, 5, "哪一户？")
    assert attribute([_row()], [Delivery(1, 3, "哪一户？"), copy]) == [copy]


def test_a_doubt_about_one_question_excuses_no_copy_of_another() -> None:
    copy = Delivery(1, 5, "哪一户？")
    rows = [_row(), _row("有什么困难？", doubt=DOUBT)]
    assert attribute(rows, [Delivery(1, 3, "哪一户？"), Delivery(1, 4, "有什么困难？"), copy]) == [copy]


def test_the_buttons_tell_two_talks_apart() -> None:
    copy = Delivery(1, 5, "哪一户？", ("b",))
    mine, other = (
        replace(_row(doubt=doubt), message=Outgoing(text="哪一户？", buttons=((Button(label="上一步", says=says),),)))
        for says, doubt in (("a", DOUBT), ("b", None))
    )
    deliveries = [Delivery(1, 3, "哪一户？", ("a",)), Delivery(1, 4, "哪一户？", ("b",)), copy]
    assert attribute([mine, other], deliveries) == [copy]


def test_answers_count_as_disordered_by_when_they_were_first_seen() -> None:
    first, second = _row(), _row("有什么困难？")
    first.copies, second.copies = [6], [5]
    assert disordered([first, second]) == 1
    first.copies = [4, 6]
    assert disordered([first, second]) == 0
    first.copies = []
    assert disordered([first, second]) == 0


def test_who_waits_too_long_while_a_fault_lasts_is_silenced() -> None:
    window = [Window("poison", 100, 120)]
    assert silenced([Wait(1, 99, 130), Wait(1, 101, 110), Wait(2, 120, 140)], window, now=200).holds
    assert silenced([Wait(1, 101, 112)], window, now=200).value == 1
    assert silenced([Wait(1, 119, None), Wait(2, 119, None)], window, now=130).value == 2


def test_what_counts_after_an_absence_is_the_wait_from_its_end() -> None:
    waits = [Wait(1, 90, 99), Wait(2, 90, 104), Wait(3, 101, 150)]
    assert back_after(waits, [100], now=200).value == 4
    assert not back_after([Wait(1, 90, None)], [100], now=111).holds
