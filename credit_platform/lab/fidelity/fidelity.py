"""How near a generated book comes to a real one: features, dirt, default rate, attrition; every figure with n.

The ranking of one fixed model on both books belongs to `agreement_ranking`, making samples of books to `book_sample`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from credit_platform.lab.fidelity.features import compare_categories, compare_numbers
from credit_platform.lab.fidelity.line import CONFIDENCE, Figure, Line, line, share
from credit_platform.months import months_between_expr
from credit_platform.statistics.intervals import jeffreys_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from credit_platform.lab.fidelity.book_sample import BookSample


def compare_books(real: BookSample, made: BookSample) -> list[Line]:
    """Everything but the ranking, in the order of the sections."""
    return [
        *compare_numbers(real, made),
        *compare_categories(real, made),
        *_dirt(real, made),
        *_outcomes(real, made),
        *_attrition(real, made),
        *_coverage(real, made),
    ]


def _dirt(real: BookSample, made: BookSample) -> Iterator[Line]:
    """How often each cleaning rule had to act, of all rows of its table; SSN, which is never cleaned, by its form."""
    for table in ("attributes", "financials", "clickstream", "snapshots"):
        frames = tuple(getattr(book, table) for book in (real, made))
        counts = [
            dict(frame.get_column("repairs").explode().drop_nulls().value_counts().iter_rows()) for frame in frames
        ]
        for rule in sorted({*counts[0], *counts[1]}):
            figures = [share(found.get(rule, 0), frame.height) for found, frame in zip(counts, frames, strict=True)]
            yield line("dirt", rule, "rate", figures[0], figures[1], band="share")
    numbers = [book.raw["features_attributes"].get_column("SSN").fill_null("") for book in (real, made)]
    unreadable = [share(int((~ssn.str.contains(r"^\d{3}-\d{2}-\d{4}$")).sum()), ssn.len()) for ssn in numbers]
    yield line("dirt", "SSN_is_no_number", "rate", unreadable[0], unreadable[1], band="share")


def _outcomes(real: BookSample, made: BookSample) -> Iterator[Line]:
    figures = []
    for book in (real, made):
        n, bads = book.labels.height, int(book.labels.get_column("label").sum())
        figures.append(Figure(bads / n if n else None, n, jeffreys_interval(bads, n, CONFIDENCE)))
    yield line("outcome", "loans with a label", "bad_rate", figures[0], figures[1], band="share")
    by_cohort = [_cohort_rates(book) for book in (real, made)]
    lowest, highest = ([Figure(pick(rates), len(rates)) for rates in by_cohort] for pick in (_least, _most))
    yield line("outcome", "cohort with the fewest bads", "bad_rate", lowest[0], lowest[1], band="share")
    yield line("outcome", "cohort with the most bads", "bad_rate", highest[0], highest[1], band="share")
    overdue = [_by_age(book, pl.col("overdue_amount") > 0) for book in (real, made)]
    for mob in sorted({*overdue[0], *overdue[1]}):
        shares = [share(*found.get(mob, (0, 0))) for found in overdue]
        yield line("outcome", f"month on book {mob}", "overdue_rate", shares[0], shares[1], band="share")


def _least(rates: Sequence[float]) -> float | None:
    return min(rates, default=None)


def _most(rates: Sequence[float]) -> float | None:
    return max(rates, default=None)


def _cohort_rates(book: BookSample) -> list[float]:
    by_month = book.labels.group_by("snapshot_month").agg(pl.col("label").mean()).sort("snapshot_month")
    return by_month.get_column("label").to_list()


def _by_age(book: BookSample, counted: pl.Expr) -> dict[int, tuple[int, int]]:
    """Rows that count, and all rows, by month on book."""
    by_age = book.snapshots.group_by("mob").agg(counted.sum(), n=pl.len()).sort("mob")
    return {mob: (int(k), int(n)) for mob, k, n in by_age.iter_rows()}


def _attrition(real: BookSample, made: BookSample) -> Iterator[Line]:
    """Loans without a row in a month of the book in which they should have one, by month on book."""
    lost = [_lost_by_age(book) for book in (real, made)]
    for mob in sorted({*lost[0], *lost[1]}):
        shares = [share(*found.get(mob, (0, 0))) for found in lost]
        yield line("attrition", f"month on book {mob}", "rate", shares[0], shares[1], band="share")


def _lost_by_age(book: BookSample) -> dict[int, tuple[int, int]]:
    started = book.snapshots.filter(pl.col("mob") == 0).select("loan_id", start="snapshot_month")
    longest = int(book.snapshots.get_column("mob").max() or 0)  # pyrefly: ignore[bad-argument-type]
    last = book.months[-1]
    seen = book.snapshots.select("loan_id", "mob").unique()
    found = {}
    for mob in range(1, longest + 1):
        due = started.filter(months_between_expr(pl.col("start"), pl.lit(last)) >= mob)
        there = due.join(seen.filter(pl.col("mob") == mob), on="loan_id", how="semi")
        found[mob] = (due.height - there.height, due.height)
    return found


def _coverage(real: BookSample, made: BookSample) -> Iterator[Line]:
    by_cohort = [
        book.features.group_by("snapshot_month").agg(known=(pl.col("n_clickstream_months") > 0).sum(), n=pl.len())
        for book in (real, made)
    ]
    lit = [cohorts.filter(pl.col("known") > 0) for cohorts in by_cohort]
    shares = [share(int(cohorts["known"].sum()), int(cohorts["n"].sum())) for cohorts in lit]
    yield line(
        "coverage", "loans with clickstream, in cohorts that have any", "rate", shares[0], shares[1], band="share"
    )
    dark = [
        share(cohorts.height - with_any.height, cohorts.height)
        for cohorts, with_any in zip(by_cohort, lit, strict=True)
    ]
    yield line("coverage", "cohorts without any clickstream", "rate", dark[0], dark[1], band="share")
