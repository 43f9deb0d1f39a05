"""The words of a plan: a town's own, or those that come with the package."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from handlers.sentences.understanding import Intent, NameIndex, Understood, understand
from storage.plan import Plan, builtin_plans, load_plan, write_shifted
from storage.roster import Household, Roster
from tests.support.plan import BAITA

WAFANG = builtin_plans()["wafang-2022"]
HOME = Household(id=1, number=1001, village=BAITA, group_name="一屯", head="张三", kind="一般户")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WAFANG, tmp_path / "plan"))


def hear(plan: Plan, text: str) -> Understood:
    return understand(text, NameIndex(Roster([HOME])), plan.villages, plan.lexicon, ["220881100"], date(2022, 10, 18))


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_every_hardship_of_the_plan_has_words() -> None:
    plan = load_plan(WAFANG)
    assert {one.code for one in plan.lexicon.kinds} == {kind.code for kind in plan.risk_kinds}
    assert {one.intent for one in plan.lexicon.intents} == {intent.value for intent in Intent}


def test_a_plan_without_words_of_its_own_gets_the_usual_ones(folder: Path) -> None:
    (folder / "lexicon.toml").unlink()
    rewrite(folder / "plan.toml", 'code = "accident"', 'code = "mishap"')
    plan = load_plan(folder)
    assert hear(plan, "张三家房子漏雨").kinds == ("housing",)
    assert {one.code for one in plan.lexicon.kinds} < {kind.code for kind in plan.risk_kinds}


def test_a_town_teaches_its_own_words(folder: Path) -> None:
    assert not hear(load_plan(folder), "张三家房子翘棱了").kinds
    rewrite(folder / "lexicon.toml", '"漏雪",', '"漏雪", "房/屋…翘棱",')
    words = f'\n[[villages]]\ncode = "{BAITA}"\nnames = ["白塔窑"]\n'
    (folder / "lexicon.toml").write_text((folder / "lexicon.toml").read_text("utf-8") + words, "utf-8")
    heard = hear(load_plan(folder), "白塔窑张三家房子翘棱了")
    assert (heard.intent, heard.households, heard.kinds) == (Intent.REPORT, (1,), ("housing",))
    assert heard.villages == (BAITA,)


def test_a_village_that_is_not_the_plans_is_told_with_its_line(folder: Path) -> None:
    path = folder / "lexicon.toml"
    path.write_text(path.read_text("utf-8") + '\n[[villages]]\ncode = "220881100999"\nnames = ["别处"]\n', "utf-8")
    line = len(path.read_text("utf-8").splitlines()) - 1
    with pytest.raises(Exception, match=f"lexicon.toml 第 {line} 行： code: 没有村代码“220881100999”"):
        load_plan(folder)


def test_the_words_go_along_into_a_new_plan(folder: Path) -> None:
    written = write_shifted(folder, date(2026, 3, 2), folder.parent / "next")
    assert written.lexicon == load_plan(folder).lexicon
    assert (folder.parent / "next" / "lexicon.toml").read_text("utf-8") == (folder / "lexicon.toml").read_text("utf-8")
