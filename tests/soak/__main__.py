"""`python -m tests.soak`: the whole soak; prints a table and writes build/soak.json. Exit 1 when something does not hold."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import uvloop

from tests.soak.run import soak
from tests.support.figures import report
from tests.support.paths import ROOT


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill the bot again and again under load, and count what is lost.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=28, help="end after so many, with fewer kills if need be")
    parser.add_argument("--keep", type=Path, help="an empty folder for database and log; else they are thrown away")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as thrown_away:
        folder = options.keep or Path(thrown_away)
        folder.mkdir(parents=True, exist_ok=True)
        figures = uvloop.run(soak(folder, kills=options.kills, seed=options.seed, minutes=options.minutes))
    return 0 if report(figures, ROOT / "build" / "soak.json") else 1


if __name__ == "__main__":
    sys.exit(main())
