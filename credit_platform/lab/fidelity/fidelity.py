"""How near a generated book is to a real one: features, dirt, event rate, attrition; every figure with n.

The ranking of one fixed model on both books belongs to `ranking`, making samples of books to `book_sample`.
"""

from collections.abc import Iterator

import polars as pl

from credit_platform.lab.fidelity.book_sample import BookSample
from credit_platform.lab.fidelity.features import compare_categories, compare_numbers
from credit_platform.lab.fidelity.line import CONFIDENCE, BookFigure, FidelityLine, Section, line, share
from credit_platform.months import months_between_expr
from credit_platform.statistics.intervals import jeffreys_interval


def compare_books(real: BookSample, made: BookSample) -> list[FidelityLine]:
    """Everything but the ranking, in the order of the sections."""
    return [
        *compare_numbers(real, made),
        *compare_categories(real, made),
        *_dirt(real, made),
        *_outcomes(real, made),
        *_attrition(real, made),
        *_coverage(real, made),
    ]


def _dirt(real: BookSample, made: BookSample) -> Iterator[FidelityLine]:
    """How often each cleaning rule repaired a cell, of all rows of its table; then the flaws that no rule repairs."""
    cases = real.portfolio.cases.table
    for table in sorted(real.silver, key=lambda table: table == cases):
        frames = [book.silver[table] for book in (real, made)]
        counts: list[dict[str, int]] = [
            dict(frame.get_column("repairs").explode().drop_nulls().value_counts().iter_rows()) for frame in frames
        ]
        for rule in sorted({*counts[0], *counts[1]}):
            figures = [share(found.get(rule, 0), frame.height) for found, frame in zip(counts, frames, strict=True)]
            yield line("dirt", rule, "rate", figures[0], figures[1], band="share")
    for flaw, (source, has_flaw) in real.portfolio.required_generator.compared.raw_dirt.items():
        found = [book.raw[source].select(has_flaw.alias("flaw")).get_column("flaw") for book in (real, made)]
        figures = [share(int(rows.sum()), rows.len()) for rows in found]
        yield line("dirt", flaw, "rate", figures[0], figures[1], band="share")


def _outcomes(real: BookSample, made: BookSample) -> Iterator[FidelityLine]:
    figures = []
    for book in (real, made):
        n, bads = book.labels.height, int(book.labels.get_column("label").sum())
        figures.append(BookFigure(bads / n if n else None, n, jeffreys_interval(bads, n, CONFIDENCE)))
    item = f"{real.portfolio.words.cases} with a label"
    yield line("outcome", item, "bad_rate", figures[0], figures[1], band="share")
    rates = [_cohort_rates(book) for book in (real, made)]
    for extreme, pick in (("fewest", min), ("most", max)):
        figures = [BookFigure(pick(found, default=None), len(found)) for found in rates]
        yield line("outcome", f"cohort with the {extreme} bads", "bad_rate", figures[0], figures[1], band="share")
    for statistic, is_counted in real.portfolio.required_generator.compared.by_age.items():
        counts = [_by_age(book, is_counted) for book in (real, made)]
        yield from _compare_ages("outcome", statistic, counts[0], counts[1])


def _cohort_rates(book: BookSample) -> list[float]:
    by_month = book.labels.group_by("snapshot_month").agg(pl.col("label").mean()).sort("snapshot_month")
    return by_month.get_column("label").to_list()


def _by_age(book: BookSample, is_counted: pl.Expr) -> dict[int, tuple[int, int]]:
    """Rows that count, and all rows, by month on book."""
    by_age = book.cases.group_by("months_on_book").agg(is_counted.sum().alias("counted"), n=pl.len())
    return {age: (int(k), int(n)) for age, k, n in by_age.iter_rows()}


def _compare_ages(
    section: Section, statistic: str, real: dict[int, tuple[int, int]], made: dict[int, tuple[int, int]]
) -> Iterator[FidelityLine]:
    for age in sorted({*real, *made}):
        shares = [share(*found.get(age, (0, 0))) for found in (real, made)]
        yield line(section, f"month on book {age}", statistic, shares[0], shares[1], band="share")


def _attrition(real: BookSample, made: BookSample) -> Iterator[FidelityLine]:
    """Cases without a row in a month of the book in which they should have one, by month on book."""
    return _compare_ages("attrition", "rate", _lost_by_age(real), _lost_by_age(made))


def _lost_by_age(book: BookSample) -> dict[int, tuple[int, int]]:
    cases, key = book.cases, book.portfolio.cases.key
    started = cases.filter(book.portfolio.cases.is_new).select(key, start="snapshot_month")
    longest = int(cases.get_column("months_on_book").max() or 0)  # pyrefly: ignore[bad-argument-type]
    last = book.months[-1]
    seen = cases.select(key, "months_on_book").unique()
    found = {}
    for age in range(1, longest + 1):
        due = started.filter(months_between_expr(pl.col("start"), pl.lit(last)) >= age)
        there = due.join(seen.filter(pl.col("months_on_book") == age), on=key, how="semi")
        found[age] = (due.height - there.height, due.height)
    return found


def _coverage(real: BookSample, made: BookSample) -> Iterator[FidelityLine]:
    """How many cases have a history of each evidence group, and how many cohorts have none."""
    for group in real.portfolio.features.evidence:
        is_known = pl.col(group.months) > 0
        by_cohort = [
            book.features.group_by("snapshot_month").agg(known=is_known.sum(), n=pl.len()) for book in (real, made)
        ]
        covered = [cohorts.filter(pl.col("known") > 0) for cohorts in by_cohort]
        shares = [share(int(cohorts["known"].sum()), int(cohorts["n"].sum())) for cohorts in covered]
        item = f"{real.portfolio.words.cases} with {group.name}, in cohorts that have any"
        yield line("coverage", item, "rate", shares[0], shares[1], band="share")
        shares = [share(a.height - b.height, a.height) for a, b in zip(by_cohort, covered, strict=True)]
        yield line("coverage", f"cohorts without any {group.name}", "rate", shares[0], shares[1], band="share")
