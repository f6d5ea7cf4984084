"""What the release before wrote, packed, and the step that brings an unpacked folder up to date.

How it was made is written in `make`; what is expected of it, in the tests beside this module.

Two files of it name the folder they were written in. `.dagster/dagster.yaml` does, and the platform points it to where
it lies when it opens the history; so do the views of `datamart.duckdb`, which are written anew with the next table. The
rest are remarks that nothing rests on: the metadata of recorded runs, and the file names in `sources/*.parquet`, by
which unchanged deliveries are not read again.
"""

from __future__ import annotations

import json
import lzma
import shutil
import tarfile
from pathlib import Path
from typing import Any

from credit_platform.portfolios.tables import OF_THE_SERVICE
from credit_platform_tests.small_book import BookFolders

HERE = Path(__file__).parent
# Contents by hash, as the backup holds most files of the data folder once more; an index says which file is which.
ARCHIVES = {kind: HERE / f"{kind}.tar.xz" for kind in ("pages", "tables", "others")}
INDEX = HERE / "index.json.xz"
POLICY = HERE / "policy"
POLICY_BY_PRIORITY = HERE / "policy_by_priority"
EXPECTED = HERE / "expected.json"
BACKUP = "backup"

# Names of the old release that have another one today, in the order in which they are replaced: whoever renames a model
# key, a table or a column that `expected.json` holds adds a line.
RENAMED: dict[str, str] = {
    "algorithm: logistic_regression": "algorithm: plain regression",
    "logistic_regression": "scorecard",
    "algorithm: plain regression": "algorithm: logistic_regression",
    "rivalry:": "champion_challenger:",
    "\nearly_reads:": "\nearly_performance:",
    "persistence:": "run_rules:",
    '"role": "champion"': '"role": "in force"',
}


def unpack(root: Path) -> BookFolders:
    """The old book's folders below `root`, with its policy and, in the folder BACKUP, its backup beside them."""
    contents: dict[str, bytes] = {}
    for file in ARCHIVES.values():
        with tarfile.open(file, "r:xz") as archive:
            contents |= {entry.name: stream.read() for entry in archive if (stream := archive.extractfile(entry))}
    for name, sha256 in json.loads(lzma.decompress(INDEX.read_bytes())).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents[sha256])
    shutil.copytree(POLICY, root / "policy")
    return BookFolders(root / "data", root / "raw", root / "policy")


def bring_up_to_date(book: BookFolders) -> None:
    """Do what today's release asks for before it works with a folder of the old one."""
    done = book.verb("migrate")
    assert done.returncode == 0, done.stderr


def as_written() -> dict[str, Any]:
    """What the old release said of the book, in its own names."""
    return json.loads(EXPECTED.read_text(encoding="utf-8"))


def expected() -> dict[str, Any]:
    """What the old release said of the book, in today's names."""
    return json.loads(in_todays_names(EXPECTED.read_text(encoding="utf-8")))


def without_new_tables(status: dict[str, Any]) -> dict[str, Any]:
    """A status without tables and lists that the old release did not know; what it says of them is that all is there.

    Those are the tables that the migration writes, quarantine tables and models.
    """
    tables = {table["table"]: table for table in status["tables"]}
    written = {"gold/unlabelled": 18, "decision/batch": 13}
    assert {name: (tables[name]["months"], tables[name]["missing"]) for name in written} == {
        name: (n_months, []) for name, n_months in written.items()
    }
    new = [name for name in tables if name in {*written, *OF_THE_SERVICE} or name.startswith(("quarantine/", "model/"))]
    for name, table in tables.items():
        assert (table.pop("empty"), table.pop("outside")) == ([], []), name
        assert name not in new or table["missing"] == []
    return status | {"tables": [table for name, table in tables.items() if name not in new]}


def in_todays_names(text: str) -> str:
    """A text of the old release with the names of today."""
    for was, now in RENAMED.items():
        text = text.replace(was, now)
    return text
