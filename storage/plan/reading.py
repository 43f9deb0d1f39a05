"""Plan folders: reading `plan.toml`, `quiz.toml`, `villages.csv` and `lexicon.toml`, and writing a plan for other dates.

Another town writes a folder of its own and no code; docs/plan-format.md explains the files. What is wrong in them is told
with file and line.
"""

from __future__ import annotations

import codecs
import csv
import functools
import io
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from storage.plan import missing
from storage.plan.checks import Place, faults
from storage.plan.lines import line_of, statements
from storage.plan.plan import Plan, shift

PLAN, QUIZ, VILLAGES, LEXICON = "plan.toml", "quiz.toml", "villages.csv", "lexicon.toml"
_BUILTIN = Path(__file__).parent / "built_in"
_USUAL_LEXICON = _BUILTIN / "wafang-2022" / LEXICON
"""For a plan that has no words of its own: of a rural town in the north-east."""
_USUAL_PLAN = _BUILTIN / "wafang-2022" / PLAN
"""For what a plan of an earlier version lacks."""
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_ID = re.compile(r"^id\s*=.*$", re.MULTILINE)
_SHOWN = 4

_COMPLAINTS = {
    "missing": "没有填",
    "extra_forbidden": "不认识这一项：可能写错了（请看 docs/plan-format.md），也可能要更新版本的 cunbao",
    "string_type": "要写成带引号的文字",
    "string_too_short": "不能空着",
    "int_type": "要写成整数",
    "int_parsing": "要写成整数",
    "int_from_float": "要写成整数",
    "float_type": "要写成数字",
    "float_parsing": "要写成数字",
    "bool_type": "要写成 true 或 false",
    "bool_parsing": "要写成 true 或 false",
    "tuple_type": "要写成方括号里的列表",
    "date_type": "要写成日期，如 2022-10-12",
    "date_from_datetime_parsing": "要写成日期，如 2022-10-12",
    "time_type": "要写成时刻，如 07:30:00",
    "time_parsing": "要写成时刻，如 07:30:00",
    "greater_than": "要大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "too_short": "至少要 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "enum": "只能是 {expected}",
    "literal_error": "只能是 {expected}",
    "string_pattern_mismatch": "写法不对，请看 docs/plan-format.md",
    "union_tag_invalid": "form 只能是 {expected_tags}",
    "union_tag_not_found": "没有填 form",
    "value_error": "{error}",
}


class PlanError(Exception):
    """A plan that cannot be used. `problems` are lines for the person who wrote it: file, line and what to mend."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        more = [f"还有 {len(problems) - _SHOWN} 处。"] if len(problems) > _SHOWN else []
        super().__init__("\n".join([*problems[:_SHOWN], *more]))


def builtin_plans() -> dict[str, Path]:
    """The folders of the plans that come with the package, by id."""
    return {folder.name: folder for folder in sorted(_BUILTIN.iterdir()) if (folder / PLAN).is_file()}


def load_plan(folder: Path) -> Plan:
    """The plan of a folder, checked whole. Raises PlanError."""
    return _build(_texts(folder))


def write_shifted(src: Path, start: date, dest: Path) -> Plan:
    """Write the plan of `src` to the new folder `dest`, named for it, with its first phase beginning on `start`.

    Only dates of phases and the id change; comments and layout stay. Raises PlanError, also where `dest` exists already;
    nothing is written then.
    """
    texts = _texts(src)
    plan = _build(texts)
    by = start - plan.phases[0].first
    lines = texts[PLAN].splitlines(keepends=True)
    for statement in statements(texts[PLAN]):
        if statement.path[0] == "phases":
            for at in range(statement.first - 1, statement.last):
                code, mark, comment = lines[at].partition("#")
                lines[at] = _DAY.sub(lambda day: f"{date.fromisoformat(day[0]) + by}", code) + mark + comment
    texts[PLAN] = _ID.sub(lambda _: f'id = "{dest.name}"', "".join(lines), count=1)
    written = _build(texts)
    if written.phases != shift(plan, start).phases:
        raise PlanError(f"{PLAN}: 日期没有改全，请把各阶段日期写成 2022-10-12 的样子")
    try:
        dest.mkdir(parents=True)
    except FileExistsError:
        raise PlanError(f"{dest} 已经有了，请换一个名字") from None
    for name, text in texts.items():
        (dest / name).write_text(text, "utf-8")
    return written


def lacks(folder: Path) -> list[str]:
    """What an earlier version did not write into the folder, and usual values stand in for. Raises PlanError."""
    texts = _texts(folder)
    keys = [".".join(key) for key in missing.lacking(_toml(PLAN, texts[PLAN]), _usual())]
    return keys + ([] if LEXICON in texts else [LEXICON])


def write_missing(folder: Path) -> list[str]:
    """Write the usual values of what the plan of the folder lacks into its files; returns what was lacking.

    Whatever stands there stays, comments and all, and the plan means what it meant. Raises PlanError; nothing is written then.
    """
    texts, lacked = _texts(folder), lacks(folder)
    before = _build(texts)
    if not lacked:
        return []
    data = _toml(PLAN, texts[PLAN])
    text = missing.completed(texts[PLAN], data, _read(_USUAL_PLAN), _usual())
    words = missing.words_for(_read(_USUAL_LEXICON), [kind.code for kind in before.risk_kinds])
    written = {PLAN: text, **({} if LEXICON in texts else {LEXICON: words})}
    if _build(texts | written) != before:
        raise PlanError(f"{PLAN}: 补不进去，请照 docs/plan-format.md 自己添上：{'、'.join(lacked)}")
    for name, content in written.items():
        _replace(folder / name, content)
    return lacked


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all, with the ends of lines and the mark at the start that it had."""
    content = path.read_bytes() if path.exists() else b""
    encoding = "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else "utf-8"
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(text, encoding, newline="\r\n" if b"\r\n" in content else "\n")
        if path.exists():
            draft.chmod(path.stat().st_mode)
        draft.replace(path)
    except OSError as error:
        raise PlanError(f"{path} 写不了：{error.strerror}") from None


def _texts(folder: Path) -> dict[str, str]:
    """The files of a plan; words of its own are up to it."""
    own_words = (LEXICON,) if (folder / LEXICON).is_file() else ()
    return {name: _read(folder / name) for name in (PLAN, QUIZ, VILLAGES, *own_words)}


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise PlanError(f"缺少 {path.name}: {path}") from None
    except UnicodeDecodeError:
        raise PlanError(f"{path.name}: 请另存为 UTF-8 编码") from None


def _build(texts: Mapping[str, str]) -> Plan:
    quiz = _toml(QUIZ, texts[QUIZ])
    strange = [(("quiz", key), _COMPLAINTS["extra_forbidden"]) for key in quiz if key != "questions"]
    rows, lines = _villages(texts[VILLAGES])
    data = missing.filled(_toml(PLAN, texts[PLAN]), _usual()) | {"villages": rows, "written": quiz.get("questions", [])}
    data["lexicon"] = _toml(LEXICON, texts[LEXICON]) if LEXICON in texts else _usual_words(data)
    try:
        plan = Plan.model_validate(data)
    except ValidationError as error:
        found = [*strange, *_complaints(error)]
        raise PlanError(*(_told(place, what, texts, lines) for place, what in found)) from None
    if found := [*strange, *faults(plan)]:
        raise PlanError(*(_told(place, what, texts, lines) for place, what in found))
    return plan


def _usual_words(data: Mapping[str, Any]) -> dict[str, Any]:
    """The words that come with the package, of the hardships that the plan has; its names of villages are not for others."""
    words = _toml(LEXICON, _read(_USUAL_LEXICON))
    codes = [kind.get("code") for kind in data.get("risk_kinds", ()) if isinstance(kind, dict)]
    return words | {"kinds": [one for one in words["kinds"] if one["code"] in codes], "villages": []}


@functools.cache
def _usual() -> dict[str, Any]:
    return _toml(PLAN, _read(_USUAL_PLAN))


def _toml(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        at = line[1] if line else len(text.splitlines())
        raise PlanError(f"{name} 第 {at} 行： TOML 写法不对 ({error})") from None


def _villages(text: str) -> tuple[list[dict[str, str]], list[int]]:
    """The rows of villages.csv as regions, and the line each stands on."""
    reader = csv.DictReader(io.StringIO(text))
    if reader.fieldnames != ["code", "village"]:
        raise PlanError(f"{VILLAGES} 第 1 行： 表头要写成 code,village")
    rows, lines = [], []
    for row in reader:
        rows.append({"code": row["code"], "name": row["village"] or ""})
        lines.append(reader.line_num)
    return rows, lines


def _complaints(error: ValidationError) -> Iterator[tuple[Place, str]]:
    for wrong in error.errors():
        place: Place = wrong["loc"]
        if len(place) > 2 and place[0] == "written":
            place = (*place[:2], *place[3:])  # pydantic names the form of the question in between
        complaint = _COMPLAINTS.get(wrong["type"])
        yield place, complaint.format_map(wrong.get("ctx", {})) if complaint else wrong["msg"]


def _told(place: Place, what: str, texts: Mapping[str, str], village_lines: list[int]) -> str:
    """One line for the person: where, which key, what."""
    key = next((part for part in reversed(place) if isinstance(part, str)), "")
    if place[0] == "villages":
        at = village_lines[place[1]] if len(place) > 1 and isinstance(place[1], int) else 1
        return f"{VILLAGES} 第 {at} 行： {what}"
    if place[0] == "quiz":
        return f"{QUIZ} 第 {line_of(texts[QUIZ], place[1:])} 行： {key}: {what}"
    if place[0] == "lexicon" and LEXICON in texts:
        return f"{LEXICON} 第 {line_of(texts[LEXICON], place[1:])} 行： {key}: {what}"
    if place[0] == "written":
        return f"{QUIZ} 第 {line_of(texts[QUIZ], ('questions', *place[1:]))} 行： {key}: {what}"
    return f"{PLAN} 第 {line_of(texts[PLAN], place)} 行： {key}: {what}"
