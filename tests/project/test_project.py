"""The repository's own promises: locked, explained and complete packages, tied to no one package source."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

LOCKS = ["requirements.lock", "requirements-dev.lock"]
# Put together here so that this file does not name what it forbids.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
    ]
]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def declared() -> dict[str, Requirement]:
    """Return every requirement of pyproject.toml: run time, extras and build, by canonical name."""
    settings = project()
    extras = settings["project"]["optional-dependencies"]
    lines = [
        *settings["build-system"]["requires"],
        *settings["project"]["dependencies"],
        *(line for extra in extras.values() for line in extra),
    ]
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(requirement.name): requirement for requirement in requirements}


def entries(lock: str) -> Iterator[str]:
    """Yield each entry of a lock file with its continuation lines joined."""
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    yield from (line for line in text.splitlines() if line.strip() and not line.startswith("#"))


def pinned(lock: str) -> dict[str, str]:
    pins = (re.match(r"([\w.-]+)==(\S+)", entry) for entry in entries(lock))
    return {canonicalize_name(pin[1]): pin[2] for pin in pins if pin}


def tracked() -> list[Path]:
    """Return the files git keeps or would keep."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so there is no list of tracked files")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_source(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"--(?:extra-)?index|--find-links|--trusted-host|\s@\s", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_lock_entry_is_pinned_and_hashed(lock: str) -> None:
    loose = [entry for entry in entries(lock) if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", entry)]
    assert not loose
    assert pinned(lock)


def test_locks_satisfy_the_declared_requirements() -> None:
    pins = pinned("requirements-dev.lock")
    wrong = [
        str(requirement)
        for name, requirement in declared().items()
        if name not in pins or not requirement.specifier.contains(pins[name])
    ]
    assert not wrong, "run `make lock`"


def test_both_locks_agree() -> None:
    assert pinned("requirements.lock").items() <= pinned("requirements-dev.lock").items()


def test_every_dependency_is_explained_and_no_other() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \| (.+) \|$", page, re.MULTILINE)
    names = [canonicalize_name(name) for name, _, _ in rows]
    assert sorted(names) == sorted(declared())


def test_no_file_names_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)} names {host}"
        for path in tracked()
        for content in [path.read_bytes()]
        for host in REGISTRY_HOSTS
        if b"\0" not in content and host.encode() in content
    ]
    assert not found


def test_packages_carry_all_their_files() -> None:
    """A file that is missing from the package data works here and fails where cunbao is installed."""
    patterns = project()["tool"]["setuptools"]["package-data"]["*"]
    carried = {".py", *(Path(pattern).suffix for pattern in patterns)}
    left_behind = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.relative_to(ROOT).parts[0] in {"bot", "handlers", "storage"} and path.suffix not in carried
    ]
    assert not left_behind
