"""Scoring a file of applications, or a month of the feature store, with the versions in force; nothing is stored.

The rows keep the contract that the pipeline keeps, and the numbers are the ones it would store. Storing predictions is
the work of the prediction assets.
"""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypedDict

import polars as pl
from rich.console import Console
from rich.table import Table

from credit_platform.cli.book import Book
from credit_platform.cli.printing import folding_table
from credit_platform.errors import SettingsError, SourceError
from credit_platform.lake.files import whole_file
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.layout import LAYERS
from credit_platform.lake.provenance import require_unaltered
from credit_platform.lake.raw.raw_file import FORMATS, file_content, format_of
from credit_platform.lake.raw.readers import parse_file
from credit_platform.portfolios.application_rows import Applications, applications_of, said_of
from credit_platform.schemas.spreadsheet_cells import spreadsheet_columns
from credit_platform.scoring.predictions import score_loans
from credit_platform.scoring.transformers.transformer import unseen_levels
from credit_platform.serving.decider import with_cut_off

_FEATURES = "gold/feature_store"
_SHOWN = 10
_WRITTEN = (".csv", ".parquet", ".jsonl")


class Summary(TypedDict):
    """How many loans, how many declined, by which versions, and what was odd about their categories."""

    loans: int
    declined: int
    versions: list[str]
    unknown_categories: list[str]


@dataclass(frozen=True)
class ScoringOrder:
    """What is to be scored by whom: a file or a month, and where the result goes.

    `threshold` takes the place of the policy's cut-off; `version` that of the version in force. Where it `is_plain`,
    only the case's id, `prediction` (1 for a decline) and `probability` are written, as other batch programs do.
    """

    model: str
    file: Path | None = None
    as_of: date | None = None
    threshold: float | None = None
    version: str | None = None
    out: Path | None = None
    is_dry_run: bool = False
    is_plain: bool = False


def score_order(book: Book, console: Console, order: ScoringOrder, *, is_json: bool = False) -> int:
    """Validate, score, write and print; the exit code.

    Raises:
        SettingsError: the options contradict each other.
        SourceError: the file cannot be read for sure, or a row breaks the contract.
        MissingMonthsError: the month has no features.
        TableError: the features of the month are not those that the platform wrote.
        NoVersionInForceError: no version of the model was ever promoted.
        ModelStoreError: the version is missing or was changed.
    """
    _require_sense(book, order)
    read = applications(book, order)
    scored = scored_by(book, order, read.rows)
    odd = [str(level) for level in read.unknown] + unseen_by(book, order, read.rows, scored)
    is_written = order.out is not None and not order.is_dry_run
    if order.out is not None and is_written:
        key = book.settings.portfolio.cases.key
        write_predictions(order.out, scored, plain=key if order.is_plain else None)
    if is_json:
        rows = scored.with_columns(pl.col("snapshot_month").cast(pl.String)).to_dicts()
        print(json.dumps({**_summary(scored, odd), "written_to": str(order.out) if is_written else None, "rows": rows}))
        return 0
    console.print(predictions_table(scored, order, book.settings.portfolio.cases.key, scored.height))
    told = _summary(scored, odd)
    for said in odd:
        console.print(f"{said}.", soft_wrap=True, highlight=False, markup=False)
    console.print(
        f"{told['loans']:,} {book.settings.portfolio.words.cases} scored by {', '.join(told['versions'])}; "
        f"{told['declined']:,} declined.",
        soft_wrap=True,
        highlight=False,
    )
    if is_written:
        console.print(f"Written to {order.out}.", soft_wrap=True, markup=False)
    else:
        console.print("Nothing was written." if order.is_dry_run else "Nothing was written; --out FILE keeps it.")
    return 0


def applications(book: Book, order: ScoringOrder) -> Applications:
    """The rows to score, as the feature store holds them. Raises as `score_order` does."""
    if order.as_of is not None:
        require_unaltered(book.lake.layout, {_FEATURES: [order.as_of]})
        return Applications(book.lake.scan(_FEATURES, [order.as_of]).collect(), ())
    file, portfolio = order.file or Path(), book.settings.portfolio
    if format_of(file) is None:
        raise SettingsError(
            name="FILE", reason=f"{file} does not end in {' or '.join(FORMATS)}", fix="Name such a file."
        )
    text = parse_file(
        "applications", tuple(portfolio.features.schema.column_names()), file, file_content("applications", file)
    )
    if text.is_empty():
        raise SourceError(source="applications", culprit=file.name, reason="it holds no row", fix="Name another file.")
    read = applications_of(text, portfolio)
    if read.faults:
        raise SourceError(
            source="applications",
            culprit=file.name,
            reason=f"{len(read.faults)} faults in {text.height} rows, and nothing was scored: {said_of(read.faults)}",
            fix=f"The contract is {_FEATURES} in the data dictionary. Mend the rows, or leave them out.",
        )
    return read


def unseen_by(book: Book, order: ScoringOrder, loans: pl.DataFrame, scored: pl.DataFrame) -> list[str]:
    """What is to be said of categories that the versions that scored never saw."""
    said: list[str] = []
    case = book.settings.portfolio.words.case
    for version in scored["model_version"].unique(maintain_order=True):
        transformer = book.lake.versions.read(order.model, version).fitted(book.settings.policy.model).transformer
        keys = ["snapshot_month", book.settings.portfolio.cases.key]
        mine = loans.join(scored.filter(model_version=version).select(keys), on=keys, how="semi")
        said += [
            f"{feature} {level!r} in {n:,} rows was in no training {case} of {version} and has no weight of its own"
            for (feature, level), n in unseen_levels(transformer, mine).items()
        ]
    return said


def scored_by(book: Book, order: ScoringOrder, loans: pl.DataFrame) -> pl.DataFrame:
    """One prediction per loan by the version in force in its month, or the one asked for.

    Returns:
        The columns of `prediction/<model>`, by month and loan.
    """
    policy = book.settings.policy
    config = with_cut_off(policy.model, order.threshold)
    records = PromotionLog(book.lake.layout).records()
    parts = []
    for month in sorted(set(loans["snapshot_month"])):
        name, provenance = version_in_force(records, order.model, month)
        if order.version is not None and order.version != name:
            name, provenance = order.version, "backfill"
        stored = book.lake.versions.read(order.model, name)
        parts.append(
            score_loans(
                stored.fitted(config),
                loans.filter(pl.col("snapshot_month") == month),
                model_version=name,
                role=stored.windows.role_of(month),
                provenance=provenance,
                config=config,
                reasons=policy.reasons,
            )
        )
    return pl.concat(parts)


def _plain(key: str) -> list[pl.Expr]:
    is_declined = (pl.col("decision") == "decline").cast(pl.Int8)
    return [pl.col(key), is_declined.alias("prediction"), pl.col("default_probability").alias("probability")]


def write_predictions(out: Path, scored: pl.DataFrame | pl.LazyFrame, *, plain: str | None = None) -> None:
    """Write a whole file, CSV, Parquet or JSON lines by how its name ends; in a CSV no text is a formula.

    With `plain`, the case's key, only what other batch programs write.
    """
    rows = scored.lazy() if plain is None else scored.lazy().select(_plain(plain))
    with whole_file(out) as part:
        if out.suffix.lower() == ".csv":
            rows.with_columns(spreadsheet_columns()).sink_csv(part)
        elif out.suffix.lower() == ".jsonl":
            rows.with_columns(pl.col(pl.Date).cast(pl.String)).sink_ndjson(part)
        else:
            rows.sink_parquet(part, compression="zstd")


def _require_sense(book: Book, order: ScoringOrder) -> None:
    if (order.file is None) == (order.as_of is None):
        raise SettingsError(
            name="--as-of", reason="score either a file or a month", fix="Name FILE, or --as-of YYYY-MM, not both."
        )
    require_writable(book, order)


def require_writable(book: Book, order: ScoringOrder) -> None:
    """Refuse a threshold that is none, and a place where no predictions go.

    Raises:
        SettingsError: one of them is wrong.
    """
    if order.threshold is not None and not 0 < order.threshold < 1:
        raise SettingsError(
            name="--threshold", reason=f"{order.threshold:g} does not lie between 0 and 1", fix="For example 0.3."
        )
    if order.out is None:
        return
    if order.out.suffix.lower() not in _WRITTEN:
        raise SettingsError(
            name="--out",
            reason=f"{order.out.name} does not end in {' or '.join(_WRITTEN)}",
            fix="The ending says the format.",
        )
    if any(book.lake.layout.table(layer).resolve() in order.out.resolve().parents for layer in LAYERS):
        raise SettingsError(
            name="--out", reason=f"{order.out} lies among the platform's own tables", fix="Write it elsewhere."
        )


def _summary(scored: pl.DataFrame, odd: list[str]) -> Summary:
    return Summary(
        loans=scored.height,
        declined=int((scored["decision"] == "decline").sum()),
        versions=scored["model_version"].unique(maintain_order=True).to_list(),
        unknown_categories=odd,
    )


def predictions_table(scored: pl.DataFrame, order: ScoringOrder, key: str, n: int) -> Table:
    """The first of `n` predictions, to be printed."""
    subject = order.file.name if order.file else f"{order.as_of:%Y-%m}" if order.as_of else "Applications"
    more = f", first {_SHOWN} of {n:,}" if n > _SHOWN else ""
    columns = (key, "default_probability", "score", "grade", "decision", "reason_1")
    table = folding_table(f"{subject} by {order.model}{more}", *columns)
    for row in scored.head(_SHOWN).select(columns).iter_rows():
        loan, probability, *others = row
        table.add_row(loan, f"{probability:.4f}", *("" if cell is None else str(cell) for cell in others))
    return table
