"""The command: make a life, or hold two against each other.

What is compared and how stands in the modules beside this one; what may differ, in `declared`.

    python -m credit_platform_tests.campaigns.same_life make OUT --book FOLDER
    python -m credit_platform_tests.campaigns.same_life OLD_DATA NEW_DATA

A book is `demo` or a folder of raw files. Comparing exits 0 when nothing differs but what is declared, and 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from credit_platform_tests.campaigns.same_life.compare import compare
from credit_platform_tests.campaigns.same_life.declared import DECLARED
from credit_platform_tests.campaigns.same_life.make import DEMO, make_life

_MAKE = "make"


def main(arguments: Sequence[str]) -> int:
    """Make or compare; returns the exit code."""
    if arguments[:1] == [_MAKE]:
        parser = argparse.ArgumentParser(prog="same_life make", description="Make a life with the code at hand.")
        parser.add_argument("out", type=Path, help="a new data folder")
        parser.add_argument("--book", default=DEMO, help="`demo`, or a folder of raw files")
        parser.add_argument("--policy", type=Path, help="a policy folder; without it the shipped policy")
        wanted = parser.parse_args(arguments[1:])
        return make_life(wanted.out, wanted.book, wanted.policy)
    parser = argparse.ArgumentParser(prog="same_life", description="Hold two lives of one book against each other.")
    parser.add_argument("old", type=Path, help="a data folder")
    parser.add_argument("new", type=Path, help="the data folder of the same book, made by other code")
    wanted = parser.parse_args(arguments)
    for folder in (wanted.old, wanted.new):
        if not folder.is_dir():
            parser.error(f"{folder} is no folder")
    begun = time.monotonic()
    comparison = compare(wanted.old, wanted.new, DECLARED)
    console = Console(width=None if sys.stdout.isatty() else 200)
    comparison.show(console)
    console.print(f"{time.monotonic() - begun:.0f} seconds.", highlight=False)
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
