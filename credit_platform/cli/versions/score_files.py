"""Scoring files of raw applications by the versions in force in their months: progress, result, list of faults.

How raw rows become features is written in `serving.application_files`, scoring rows of the feature store in `score`.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.printing import progress_bar
from credit_platform.cli.versions.score import (
    ScoringOrder,
    predictions_table,
    require_writable,
    scored_by,
    unseen_by,
    write_predictions,
)
from credit_platform.errors import SettingsError, SourceError
from credit_platform.policy.reason_codes import ReasonCatalogue
from credit_platform.scoring.explanation.reasons import REASON_COLUMNS
from credit_platform.serving.application_files import ApplicationFiles, opened

_SHOWN = 5


@dataclass(frozen=True)
class FilesOrder:
    """Files to be scored, by whom and where to; `set_aside` is where rows at fault are listed, None to refuse them."""

    files: ApplicationFiles
    by: ScoringOrder
    set_aside: Path | None = None


def files_order(sources: Sequence[str], by: ScoringOrder, set_aside: Path | None) -> FilesOrder:
    """What the command line says: `SOURCE=FILE`, the first of which says which applications there are.

    Raises:
        SettingsError: one is not of this form, a source is named twice, or features are asked for as well.
    """
    files: dict[str, Path] = {}
    for text in sources:
        name, is_split, file = text.partition("=")
        if not is_split or not name or not file or name in files:
            reason = f"{text!r} is not SOURCE=FILE" if name not in files else f"{name} is named twice"
            raise SettingsError(name="--source", reason=reason, fix="The name of a source, then its file.")
        files[name] = Path(file)
    if by.file is not None:
        reason = f"{by.file.name} are features, and --source names raw files"
        raise SettingsError(name="--source", reason=reason, fix="Score one of the two.")
    return FilesOrder(ApplicationFiles(files, by.as_of), by, set_aside)


def score_files(book: Book, console: Console, order: FilesOrder, *, is_json: bool = False) -> int:
    """Read, clean, score, write and print; the exit code.

    Raises:
        SettingsError: the options contradict each other, or a source is none of the book's.
        SourceError: a file cannot be read for sure, or rows are at fault and not to be set aside.
        NoVersionInForceError: no version of the model was ever promoted.
        ModelStoreError: a version is missing or was changed.
    """
    require_writable(book, order.by)
    settings, words = book.settings, book.settings.portfolio.words
    unseen: dict[str, None] = {}
    with tempfile.TemporaryDirectory(prefix="scored-") as folder:
        faults: list[pl.DataFrame] = []
        scored = Path(folder)
        with (
            opened(order.files, book.lake, settings.portfolio, settings.policy) as (n, batches),
            progress_bar(console) as progress,
        ):
            task = progress.add_task(words.cases, total=n)
            for number, batch in enumerate(batches):
                if batch.features.height:
                    rows = scored_by(book, order.by, batch.features)
                    unseen |= dict.fromkeys(unseen_by(book, order.by, batch.features, rows))
                    told = rows.with_columns(pl.lit("file").alias("provenance"), *_texts(settings.policy.reasons))
                    told.write_parquet(scored / f"{number:06}")
                faults.append(batch.faults)
                progress.advance(task, batch.n_applications)
        found = pl.concat(faults).sort("source", "line", "column", maintain_order=True)
        _set_aside(found, order)
        parts = sorted(scored.iterdir())
        rows = pl.scan_parquet(parts) if parts else pl.LazyFrame()
        result = _Result(rows, found, n, tuple(unseen))
        return _tell(book, console, order, result, is_json=is_json)


def _set_aside(faults: pl.DataFrame, order: FilesOrder) -> None:
    """List the rows at fault where they are to be set aside; else refuse the files for them."""
    if order.set_aside is not None:
        write_predictions(order.set_aside, faults)
        return
    if faults.is_empty():
        return
    first = "; ".join(
        f"{source} line {line}: {reason}"
        for source, line, reason in faults.head(_SHOWN).select("source", "line", "reason").iter_rows()
    )
    more = f"; and {faults.height - _SHOWN} more" if faults.height > _SHOWN else ""
    raise SourceError(
        source=str(faults["source"][0]),
        culprit=order.files.files[str(faults["source"][0])].name,
        reason=f"{faults.height} faults, and nothing was scored: {first}{more}",
        fix="Mend the rows, or score the others and have these listed: --set-aside FILE.csv.",
    )


def _texts(catalogue: ReasonCatalogue) -> list[pl.Expr]:
    texts: Mapping[str, str] = {code: reason.consumer for code, reason in catalogue.by_code.items()}
    return [
        pl.col(name).replace_strict(texts, default=None, return_dtype=pl.String).alias(f"{name}_text")
        for name in REASON_COLUMNS
    ]


@dataclass(frozen=True)
class _Result:
    """The predictions, without columns where nothing was scored; the faults, and of how many applications."""

    rows: pl.LazyFrame
    faults: pl.DataFrame
    n: int
    unseen: tuple[str, ...]


def _tell(book: Book, console: Console, order: FilesOrder, result: _Result, *, is_json: bool) -> int:
    rows, faults, n = result.rows, result.faults, result.n
    portfolio, by = book.settings.portfolio, order.by
    is_scored = bool(rows.collect_schema().names())
    counted = _counted(rows) if is_scored else {"scored": 0, "declined": 0, "versions": []}
    is_written = by.out is not None and not by.is_dry_run and is_scored
    if is_written and by.out is not None:
        write_predictions(by.out, rows, plain=portfolio.cases.key if by.is_plain else None)
    told = {
        "applications": n,
        **counted,
        "set_aside": n - int(str(counted["scored"])),
        "faults": faults.height,
        "unknown_categories": result.unseen,
        "written_to": str(by.out) if is_written else None,
    }
    if is_json:
        print(json.dumps(told))
        return 0
    if is_scored:
        console.print(predictions_table(rows.head(10).collect(), by, portfolio.cases.key, int(str(counted["scored"]))))
    for said in result.unseen:
        console.print(f"{said}.", soft_wrap=True, highlight=False, markup=False)
    versions = ", ".join(counted["versions"]) if isinstance(counted["versions"], list) else ""
    console.print(
        f"{n:,} {portfolio.words.cases}: {counted['scored']:,} scored by {versions or 'no version'}, "
        f"{counted['declined']:,} {portfolio.words.declined}, {told['set_aside']:,} set aside.",
        soft_wrap=True,
        highlight=False,
    )
    if order.set_aside is not None:
        console.print(f"{faults.height:,} faults are listed in {order.set_aside}.", soft_wrap=True, markup=False)
    end = f"Written to {by.out}." if is_written else "Nothing was written; --out FILE keeps it."
    console.print(end, soft_wrap=True, markup=False)
    return 0


def _counted(rows: pl.LazyFrame) -> dict[str, object]:
    counted = rows.select(
        scored=pl.len(),
        declined=(pl.col("decision") == "decline").sum(),
        versions=pl.col("model_version").unique(maintain_order=True).implode(),
    ).collect()
    return counted.row(0, named=True)
