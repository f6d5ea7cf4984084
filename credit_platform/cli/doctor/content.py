"""What the doctor looks at in the rows themselves: sources gone dark, coverage, rows set aside or lost, decisions.

It reads tables that are built already, and changes nothing. Whether their files are whole belongs to `data`; what keeps
a month from being built, to the checks.
"""

from collections.abc import Callable
from datetime import date
from statistics import median

import polars as pl

from credit_platform.assets.models.decisions import undecided_months
from credit_platform.cli.book import Book
from credit_platform.cli.doctor.findings import DoctorFinding, error, findings_of, first_of, warning, well
from credit_platform.cli.run.missing import months_outside
from credit_platform.cli.run.restatement import spans
from credit_platform.lake.layout import month_files
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.load import Policy
from credit_platform.portfolios.tables import DECISIONS
from credit_platform.settings import Settings

_BALANCE, _FEATURES = "monitoring/row_balance", "gold/feature_store"
_SET_ASIDE_WARNS, _SET_ASIDE_FAILS = 0.01, 0.10
# The share of the newest month, against the median of the months before it.
_COVERAGE_FALLS, _MONTHS_BEFORE = 0.5, 6
_NOT_BUILT = "nothing built yet"


def content_findings(settings: Settings) -> list[DoctorFinding]:
    """Everything about the rows of the book."""
    lake = Lake.at(settings.data_dir, settings.raw_dir, portfolio=settings.portfolio)
    looks: dict[str, Callable[[], DoctorFinding]] = {
        "sources": lambda: check_sources(lake, settings.policy),
        "coverage": lambda: check_coverage(lake),
        "rows set aside": lambda: check_set_aside(lake),
        "rows lost": lambda: check_balance(lake),
        "decisions": lambda: check_decisions(lake, settings.policy),
        "months": lambda: check_months(Book.of(settings)),
    }
    return [finding for check, look in looks.items() for finding in findings_of(check, look)]


def check_sources(lake: Lake, policy: Policy) -> DoctorFinding:
    """A required source has rows in every month of which any source was built, another in those since it began."""
    dark: list[str] = []
    is_required = False
    delivered = {source.name: _rows(lake, f"bronze/{source.name}") for source in lake.layout.portfolio.sources}
    built = sorted({month for rows in delivered.values() for month in rows})
    for source, rows in delivered.items():
        is_needed = policy.model.sources[source].required
        began = built[0] if built and is_needed else next((month for month, n in rows.items() if n), None)
        empty = [month for month in built if began is not None and month >= began and not rows.get(month)]
        if empty:
            dark.append(f"{source} in {first_of([f'{month:%Y-%m}' for month in empty])}")
            is_required |= is_needed
    if not dark:
        return well("sources", f"all {len(lake.layout.portfolio.sources)} have rows in every month built")
    say = error if is_required else warning
    mend = "Ask who delivers it; put the rows into the raw folder and build these months again with --replace."
    return say("sources", f"no row of {'; '.join(dark)}", mend)


def check_decisions(lake: Lake, policy: Policy) -> DoctorFinding:
    """Every scored month is decided, and by the model that policy makes its champion now."""
    undecided = undecided_months(lake, policy.model)
    if undecided:
        mend = "Make them from what was scored: credit-platform backfill --missing."
        return warning("decisions", f"none of {spans(undecided)}, which are scored", mend)
    months = lake.months(DECISIONS)
    if not months:
        return well("decisions", _NOT_BUILT)
    stored = lake.scan(DECISIONS, months).select("snapshot_month", "model").unique().sort("snapshot_month").collect()
    others = [month for month, model in stored.rows() if policy.model.champion_in(month) != model]
    if not others:
        return well("decisions", f"{len(months)} months decided by the champions that policy names")
    mend = (
        "Scored again, these months would be decided by another model. To keep what was decided, name the champions by "
        "month under champion_challenger.champion in model_config.yaml."
    )
    return warning("decisions", f"{spans(others)}: policy names another champion than the one that decided", mend)


def check_months(book: Book) -> DoctorFinding:
    """Every stored month is one of the book, whose first and last month may have been moved since it was made."""
    outside = [f"{name} {spans(months)}" for name, months in months_outside(book).items()]
    if not outside:
        return well("months", "all stored months are months of the book")
    mend = (
        "Take them in again (credit-platform init --first-month, --last-month), or move these files out of the data "
        "folder; versions stay as they are."
    )
    return warning("months", f"outside the book: {first_of(outside)}", mend)


def _rows(lake: Lake, table: str) -> dict[date, int]:
    """Rows of every month of a table, by its files."""
    files = month_files(lake.layout.table(table))
    return {month: pl.scan_parquet(file, glob=False).select(pl.len()).collect().item() for month, file in files.items()}


def check_coverage(lake: Lake) -> DoctorFinding:
    """Of the newest cases about as many are known to each source as in the months before."""
    flags, words = lake.layout.portfolio.features.source_flags, lake.layout.portfolio.words
    months = list(month_files(lake.layout.table(_FEATURES)))[-_MONTHS_BEFORE - 1 :]
    if not months or not flags:
        return well("coverage", _NOT_BUILT)
    shares = (
        lake.scan(_FEATURES, months)
        .group_by("snapshot_month")
        .agg(pl.len().alias("n"), *(pl.col(flag).mean().alias(source) for source, flag in flags.items()))
        .sort("snapshot_month")
        .collect()
    )
    if shares.is_empty():
        return well("coverage", f"no {words.cases} yet")
    *before, newest = shares.iter_rows(named=True)
    usual = {source: median(row[source] for row in before) if before else None for source in flags}
    where = f"{newest['n']:,} {words.cases} of {newest['snapshot_month']:%Y-%m}"
    none = [source for source in flags if newest[source] == 0]
    fallen = [
        f"{source} {newest[source]:.0%} after {was:.0%}"
        for source in flags
        if (was := usual[source]) and newest[source] < _COVERAGE_FALLS * was
    ]
    mend = "Look whether the source is delivered, and whether its keys are written as in the cases."
    if none:
        return error("coverage", f"none of the {where} is known to {', '.join(none)}", mend)
    if fallen:
        return warning("coverage", f"fewer of the {where} are known to a source: {', '.join(fallen)}", mend)
    said = ", ".join(f"{source} {newest[source]:.0%}" for source in flags)
    return well("coverage", f"of the {where}: {said}")


def check_set_aside(lake: Lake) -> DoctorFinding:
    """Few rows of a month lie in quarantine."""
    worst: dict[str, tuple[float, str]] = {}
    for source in lake.layout.portfolio.sources:
        aside, delivered = (_rows(lake, table) for table in (f"quarantine/{source.table}", f"bronze/{source.name}"))
        for month, n in aside.items():
            share = n / max(delivered.get(month, n), 1)
            if share > worst.get(source.table, (0.0, ""))[0]:
                worst[source.table] = share, f"{source.table} {share:.1%} ({n:,} rows) in {month:%Y-%m}"
    said = [text for share, text in sorted(worst.values(), reverse=True) if share >= _SET_ASIDE_WARNS]
    if not said:
        return well("rows set aside", f"below {_SET_ASIDE_WARNS:.0%} in every month of every table")
    mend = "Read the reasons in the quarantine tables; correct the source, or the cleaning rules in data_quality.yaml."
    is_bad = max(share for share, _ in worst.values()) >= _SET_ASIDE_FAILS
    return (error if is_bad else warning)("rows set aside", f"most of {'; '.join(said)}", mend)


def check_balance(lake: Lake) -> DoctorFinding:
    """The rows of every source are in silver, in quarantine, or repetitions of others."""
    months = list(month_files(lake.layout.table(_BALANCE)))
    if not months:
        return well("rows lost", _NOT_BUILT)
    repeated = {
        (month, table): n
        for month, table, n in lake.scan(_BALANCE, months)
        .select("snapshot_month", "table", "duplicates_dropped")
        .collect()
        .iter_rows()
    }
    lost: list[str] = []
    for source in lake.layout.portfolio.sources:
        delivered, kept, aside = (
            _rows(lake, table)
            for table in (f"bronze/{source.name}", f"silver/{source.table}", f"quarantine/{source.table}")
        )
        for month in months:
            n = delivered.get(month, 0) - kept.get(month, 0) - aside.get(month, 0)
            n -= repeated.get((month, source.table), 0)
            if n:
                lost.append(f"{source.table} {month:%Y-%m}: {abs(n):,} {'missing' if n > 0 else 'too many'}")
    if lost:
        mend = "Build these months again (credit-platform backfill --job build_month); if it stays, report it."
        return error("rows lost", f"rows in are not rows out, set aside and repeated: {first_of(lost)}", mend)
    return well("rows lost", f"none in {len(months)} months of {len(lake.layout.portfolio.sources)} sources")
