"""The documentation is held to the code: what it names exists, and the manual speaks as the bot does."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bot.cli import cli
from bot.setup.settings import Settings, rows
from handlers.engine.conversation import conversations
from tests.support.paths import ROOT

README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
MANUAL = ROOT / "docs" / "manual.zh.md"
MANUAL_LINES = 60
"""What fits on one printed page."""

FOR_TESTS_ONLY = {"CUNBAO_RECORD"}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def code(page: Path) -> Iterator[str]:
    """Each line of code, each inline span as a line of its own."""
    parts = re.split(r"^```.*$", page.read_text("utf-8"), flags=re.MULTILINE)
    for place, part in enumerate(parts):
        yield from part.splitlines() if place % 2 else re.findall(r"`([^`\n]+)`", part)


def fenced(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@each_page
def test_links_and_images_lead_somewhere(page: Path) -> None:
    images = re.findall(r'<img src="([^"]+)"', page.read_text("utf-8"))
    assert [target for target in [*links(page), *images] if not _leads_somewhere(page, target)] == []


def links(page: Path) -> list[str]:
    """Where a page points to in this repository."""
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")) if "://" not in target]


def _leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = page.parent / name if name else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_and_example_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    ahead = [README]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        if page.suffix == ".md":
            found = {(page.parent / target.partition("#")[0]).resolve() for target in links(page)}
            ahead += found - reached - {page.parent}
    examples = (ROOT / "docs" / "examples").iterdir()
    assert [page for page in [*PAGES, *examples] if page.is_file() and page not in reached] == []


@each_page
def test_make_targets_exist(page: Path) -> None:
    known = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {target for line in code(page) for target in re.findall(r"^make ([a-z]+)", line)}
    assert named <= known


@each_page
def test_commands_and_their_options_exist(page: Path) -> None:
    wrong = [
        line
        for line in code(page)
        for words in re.findall(r"(?:^|[ /])cunbao ([a-z][^#|]*)", line)
        if not _is_command(words.split())
    ]
    assert not wrong


def _is_command(words: list[str]) -> bool:
    command: click.Command | None = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        command = command.get_command(click.Context(command), words.pop(0))
    if command is None:
        return False
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return {word for word in words if word.startswith("--")} <= options


def test_every_command_is_explained() -> None:
    explained = (ROOT / "docs" / "operations.md").read_text("utf-8")
    for name in cli.list_commands(click.Context(cli)):
        assert re.search(rf"^\|.*`cunbao {name}\b", explained, re.MULTILINE) or f"`{name}`" in explained


@each_page
def test_variables_are_settings(page: Path) -> None:
    named = set(re.findall(r"\bCUNBAO_[A-Z_]*[A-Z]", page.read_text("utf-8")))
    assert named <= {row.name for row in rows()} | FOR_TESTS_ONLY


@each_page
def test_settings_files_shown_can_be_read(page: Path) -> None:
    for text in fenced(page, "toml"):
        assert tomllib.loads(text).keys() <= Settings.model_fields.keys()


@each_page
def test_files_named_exist(page: Path) -> None:
    named = {
        name
        for line in code(page)
        for name in re.findall(r"(?<![\w./<-])(?:bot|handlers|storage|tests|docs|\.ci)/[\w./-]*", line)
    }
    assert [name for name in sorted(named) if "..." not in name and not (ROOT / name).exists()] == []


@each_page
def test_names_in_files_exist(page: Path) -> None:
    """What is written as `folder/file.py:name` or `folder/file.py:Class.method`."""
    named = {found for line in code(page) for found in re.findall(r"([\w/]+\.py):([A-Za-z_][\w.]*)", line)}
    assert [f"{file}:{name}" for file, name in sorted(named) if name not in _names_in(ROOT / file)] == []


def _names_in(file: Path) -> set[str]:
    """The functions and classes of a module, and the methods of its classes behind the name of their class."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    outer = [one for one in ast.parse(file.read_text("utf-8")).body if isinstance(one, kinds)]
    inner = {f"{one.name}.{part.name}" for one in outer for part in one.body if isinstance(part, kinds)}
    return {one.name for one in outer} | inner


def test_the_manual_is_one_page() -> None:
    assert len(MANUAL.read_text("utf-8").splitlines()) < MANUAL_LINES


def test_the_manual_names_every_talk_of_the_menu_and_no_other_command() -> None:
    text = MANUAL.read_text("utf-8")
    named = set(re.findall(r"(?<![\w/])/([a-z]+)", text))
    known = conversations()
    assert named <= known.keys()
    assert {talk.name for talk in known.values() if talk.menu} <= named


def test_the_manual_quotes_the_bot() -> None:
    """Each 「…」 is a word people can say, or stands in the texts of the bot."""
    spoken = {word for talk in conversations().values() for word in talk.words}
    source = "".join(file.read_text("utf-8") for file in (ROOT / "handlers").rglob("*.py"))
    quoted = re.findall(r"[「【“]([^」】”]+)[」】”]", MANUAL.read_text("utf-8"))
    assert [words for words in quoted if words not in spoken and words not in source] == []


def test_the_manual_has_chinese_punctuation() -> None:
    assert re.findall(r"[\u4e00-\u9fff][,:;?!]", MANUAL.read_text("utf-8")) == []


def test_every_test_that_a_page_names_is_there() -> None:
    named = {name for page in PAGES for name in code(page) if re.fullmatch(r"tests/[\w/]+\.py(::\w+)?", name)}
    assert len(named) > 40
    assert [name for name in sorted(named) if not _is_a_test(*name.partition("::")[::2])] == []


def _is_a_test(path: str, function: str) -> bool:
    file = ROOT / path
    return file.is_file() and (not function or f"def {function}(" in file.read_text("utf-8"))
