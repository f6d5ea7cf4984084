"""Replay: every table of a month made again from what was known when it was made, and held against what is stored.

The log of editions is walked once from its beginning: other months are put as they were written, the replayed month's
own tables are made again and stand in for what is stored, so that one table that was changed does not make those after
it look changed. Making a table belongs to `replay_run`, printing to `replay_tables`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import polars as pl

from credit_platform.cli.book import Book
from credit_platform.cli.replay.month_run import Workshop
from credit_platform.errors import ReplayError
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.layout import Layout
from credit_platform.lake.tables.catalog import monthly_tables
from credit_platform.lake.tables.past_lake import PastLake
from credit_platform.lake.tables.table_versions import TableVersion, TableVersionLog, file_sha256, version_file
from credit_platform.monitoring.data_quality.version_difference import Difference, RowNames, difference
from credit_platform.portfolios.tables import OF_THE_SERVICE


class ReplayVerdict(StrEnum):
    """How an edition that was made again compares with the stored one."""

    EQUAL = "equal"  # byte for byte
    SAME_VALUES = "same values"  # every cell, in a file written by another release of a library
    CHANGED = "changed"  # what is stored is not what was written, and what was written is made again
    UNEQUAL = "unequal"  # what was written cannot be made again
    MISSING = "missing"  # no file holds it any more
    NOT_MADE = "not made"  # it could not be made again
    OPEN = "open"  # it rests on a file of which only the present state is there, and is stored as it was written


# Nothing speaks against an open one.
SOUND = (ReplayVerdict.EQUAL, ReplayVerdict.SAME_VALUES, ReplayVerdict.OPEN)
# Made of raw files whose former states are not kept, or of logs that have grown since.
RESTS_ON_PRESENT = frozenset({"monitoring/overrides", *OF_THE_SERVICE})


@dataclass(frozen=True)
class Proof:
    """One edition of a table, made again.

    Attributes:
        edition: what was written.
        verdict: how it compares with what is made again.
        file: where it is or should be stored.
        rows: rows made again; of a delivery, rows stored.
        departure: stored against made again, where they differ.
        why: what went wrong, where it is no difference of rows.
        fix: what to do about it, where it is not the same for all.
        scored_by: of predictions, the version and how it came to score the month.
        is_former: whether another edition took its place.
    """

    edition: TableVersion
    verdict: ReplayVerdict
    file: Path
    rows: int | None = None
    departure: Difference | None = None
    why: str = ""
    fix: str = ""
    scored_by: str = ""
    is_former: bool = False


@dataclass(frozen=True)
class TableReplay:
    """All editions of one table of the month, and what the last says differently from the first."""

    table: str
    proofs: tuple[Proof, ...]
    restated: Difference | None

    @property
    def is_sound(self) -> bool:
        """Whether every edition is what was made of what was known."""
        return all(proof.verdict in SOUND for proof in self.proofs)


@dataclass(frozen=True)
class Replay:
    """A month replayed.

    Attributes:
        month: the month.
        tables: its tables in the order in which they were first made.
        unlogged: its tables that were written before editions were logged, which nothing can be said about.
        lost: months of other tables whose file is not the one that was written.
        first_made: sequence of the first table made of the month's deliveries.
    """

    month: date
    tables: tuple[TableReplay, ...]
    unlogged: tuple[str, ...]
    lost: tuple[tuple[str, date], ...]
    first_made: int
    editions: tuple[TableVersion, ...] = field(repr=False, default=())

    @property
    def is_sound(self) -> bool:
        """Whether every table of the month is what was known then, and nothing is left out."""
        return not self.unlogged and all(table.is_sound for table in self.tables)

    def of(self, table: str) -> TableReplay:
        """One table."""
        return next(found for found in self.tables if found.table == table)


def row_names(layout: Layout, table: str) -> RowNames:
    """How the rows of a table are named; those of a delivery, as the source names them."""
    layer, name = table.split("/", maxsplit=1)
    cases, tables = layout.portfolio.cases, layout.tables
    hidden = tables[table].column_names() if tables.is_personal(table) else ()
    if layer == "bronze":
        source = layout.portfolio.source(name)
        noun = cases.noun if source is layout.portfolio.case_source else "customer"
        # A row without a key is named by its line.
        key = source.cells.key or ("source_file", "source_line")
        return RowNames(["snapshot_month", *key], {key[0]: noun} if source.cells.key else {}, hidden)
    schema = layout.tables.schema(table)
    key = list(schema.primary_key()) if schema is not None else ["snapshot_month"]
    return RowNames(key, {cases.key: cases.noun, cases.customer: "customer"}, hidden)


def replay_month(
    book: Book, month: date, models: Sequence[str], *, on_table: Callable[[str, int], None] = lambda *_: None
) -> Replay:
    """Make every edition of every table of a month again; nothing in the data folder is changed.

    Args:
        book: The book.
        month: The month.
        models: Models whose tables are replayed, beside those that are of no model.
        on_table: Is told each table before it is made, and how many editions there are.

    Raises:
        ReplayError: nothing was built for the month.
        AuditError: the audit log was tampered with.
    """
    AuditLog(book.lake.layout).records()
    log = TableVersionLog(book.lake.layout).records()
    stored = {table: book.lake.months(table) for table in monthly_tables(book.lake.layout)}
    others = [f"/{name}" for name in book.settings.policy.model.models if name not in models]

    def is_mine(table: str) -> bool:
        return not any(f"{other}/" in f"{table}/" for other in others)

    wanted = [edition for edition in distinct(log) if edition.month == month and is_mine(edition.table)]
    logged = {(edition.table, edition.month) for edition in log}
    unlogged = [(table, found) for table, months in stored.items() for found in months if (table, found) not in logged]
    own_unlogged = tuple(table for table, found in unlogged if found == month and is_mine(table))
    if not wanted and not own_unlogged:
        raise ReplayError(
            month=month,
            reason="nothing was built for it",
            fix=f"Build it first: credit-platform backfill --from {month:%Y-%m} --to {month:%Y-%m}.",
        )
    with TemporaryDirectory(prefix="replay-") as folder, dg.DagsterInstance.ephemeral() as instance:
        past = PastLake(book.lake.layout, Path(folder))
        for table, found in unlogged:
            past.put(table, found, book.lake.layout.month_file(table, found))
        workshop = Workshop(book, past, instance)
        proofs: dict[str, list[Proof]] = {}
        last = max((edition.sequence for edition in wanted), default=0)
        pending = set(wanted)
        for edition in distinct(log):
            if edition.sequence > last:
                break
            if edition not in pending:
                past.put_version(edition.table, edition.month, edition.sha256)
                continue
            on_table(edition.table, len(wanted))
            proof, file = _prove(book, workshop, edition, is_last=edition == _last(wanted, edition.table))
            proofs.setdefault(edition.table, []).append(proof)
            if file is not None:
                past.put(edition.table, month, file)
        tables = tuple(_table(book, table, tuple(found)) for table, found in proofs.items())
        lost = tuple(sorted(place for place in past.lost if place[1] != month))
    made = [edition.sequence for edition in wanted if not edition.table.startswith("bronze/")]
    return Replay(month, tables, own_unlogged, lost, min(made, default=last), tuple(log))


def distinct(log: Iterable[TableVersion]) -> list[TableVersion]:
    """The editions without those that were written again as they were."""
    before: dict[tuple[str, date], str] = {}
    found = []
    for edition in log:
        if before.get((edition.table, edition.month)) != edition.sha256:
            found.append(edition)
        before[edition.table, edition.month] = edition.sha256
    return found


def _last(editions: Sequence[TableVersion], table: str) -> TableVersion:
    return [edition for edition in editions if edition.table == table][-1]


def _prove(book: Book, workshop: Workshop, edition: TableVersion, *, is_last: bool) -> tuple[Proof, Path | None]:
    """The proof of one edition, and the file that is to stand in for it; None where there is none."""
    intact = version_file(book.lake.layout, edition.table, edition.month, edition.sha256)
    place = intact or _place(book, edition, is_last=is_last)
    if edition.table.startswith("bronze/"):
        return _delivery(edition, place, intact), place if place.is_file() else None
    try:
        made = workshop.make(edition)
    except ReplayError as error:
        return Proof(
            edition, ReplayVerdict.NOT_MADE, place, why=error.reason, fix=error.fix, is_former=not is_last
        ), intact
    return replace(
        _held_against(row_names(book.lake.layout, edition.table), edition, place, made, is_intact=intact is not None),
        is_former=not is_last,
    ), made


def _place(book: Book, edition: TableVersion, *, is_last: bool) -> Path:
    layout = book.lake.layout
    if is_last:
        return layout.month_file(edition.table, edition.month)
    return layout.former_version(edition.table, edition.month, edition.sha256)


def _held_against(names: RowNames, edition: TableVersion, place: Path, made: Path, *, is_intact: bool) -> Proof:
    again = pl.read_parquet(made, glob=False)
    proof = Proof(edition, ReplayVerdict.EQUAL, place, again.height, scored_by=_scored_by(edition.table, again))
    if is_intact and file_sha256(made) == edition.sha256:
        return proof
    if not place.is_file():
        return replace(proof, verdict=ReplayVerdict.MISSING)
    try:
        stored = pl.read_parquet(place, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        return replace(proof, verdict=ReplayVerdict.CHANGED, why=f"It is no Parquet file: {str(error).splitlines()[0]}")
    if stored.schema == again.schema and stored.equals(again):
        return replace(proof, verdict=ReplayVerdict.SAME_VALUES)
    departure = difference(stored, again, names)
    if is_intact and edition.table in RESTS_ON_PRESENT:
        return replace(proof, verdict=ReplayVerdict.OPEN, departure=departure)
    return replace(
        proof,
        verdict=ReplayVerdict.UNEQUAL if is_intact else ReplayVerdict.CHANGED,
        departure=departure,
        why="Its rows stand in another order, or its columns are others" if departure.is_none else "",
    )


def _scored_by(table: str, rows: pl.DataFrame) -> str:
    if not table.startswith("prediction/"):
        return ""
    found = rows.select("model_version", "provenance").unique(maintain_order=True)
    return ", ".join(f"{version} ({provenance})" for version, provenance in found.iter_rows())


def _delivery(edition: TableVersion, place: Path, intact: Path | None) -> Proof:
    """A delivery is not made of anything: it is what was taken, or it is not."""
    if intact is not None:
        return Proof(edition, ReplayVerdict.EQUAL, place, pl.read_parquet(intact, glob=False).height)
    if not place.is_file():
        return Proof(edition, ReplayVerdict.MISSING, place)
    return Proof(edition, ReplayVerdict.CHANGED, place, why="Its bytes are not those that were taken")


def _table(book: Book, table: str, proofs: tuple[Proof, ...]) -> TableReplay:
    """A table with what its last edition says differently from its first, as far as both are kept."""
    first, last = proofs[0].edition, proofs[-1].edition
    if first.sha256 == last.sha256:
        return TableReplay(table, proofs, None)
    files = [version_file(book.lake.layout, table, e.month, e.sha256) for e in (first, last)]
    frames = [pl.read_parquet(file, glob=False) for file in files if file is not None]
    restated = (
        difference(frames[0], frames[1], row_names(book.lake.layout, table)) if len(frames) == len(files) else None
    )
    return TableReplay(table, proofs, restated)
