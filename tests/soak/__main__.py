"""`python -m tests.soak`: the whole soak; prints a table and writes build/soak.json. Exit 1 when something does not hold."""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import uvloop

from tests.soak import two_services
from tests.soak.run import FAULTS, soak
from tests.support.figures import Figure, report, table
from tests.support.paths import ROOT

FILES = 4096
"""Files that the soak may have open: it holds both ends of a thousand connections."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill the bot again and again under load, and count what is lost.")
    parser.add_argument("--kills", type=int, default=80)
    parser.add_argument("--kills-of-two", type=int, default=20, help="of two services on one PostgreSQL")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=18, help="end after so many, with fewer kills if need be")
    parser.add_argument("--minutes-of-two", type=float, default=5)
    parser.add_argument("--each", type=float, default=14, help="seconds that each fault lasts when waits are measured")
    parser.add_argument("--without", default="", help=f"faults to leave out, of {','.join(fault.name for fault in FAULTS)}")
    parser.add_argument("--keep", type=Path, help="an empty folder for databases and logs; else they are thrown away")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as thrown_away:
        folder = options.keep or Path(thrown_away)
        one, two = folder / "one", folder / "two"
        for made in (one, two):
            made.mkdir(parents=True, exist_ok=True)
        faults, faults_of_two = (
            [fault for fault in some if fault.name not in options.without.split(",")] for some in (FAULTS, two_services.FAULTS)
        )
        if options.kills:
            figures += uvloop.run(
                soak(one, kills=options.kills, seed=options.seed, minutes=options.minutes, faults=faults, each=options.each)
            )
            sys.stderr.write(table(figures) + "\n")  # the rest may take as long again
        if options.kills_of_two:
            figures += uvloop.run(
                two_services.soak_two(
                    two,
                    kills=options.kills_of_two,
                    seed=options.seed,
                    minutes=options.minutes_of_two,
                    faults=faults_of_two,
                    each=options.each,
                )
            )
    return 0 if report(figures, ROOT / "build" / "soak.json") else 1


if __name__ == "__main__":
    sys.exit(main())
