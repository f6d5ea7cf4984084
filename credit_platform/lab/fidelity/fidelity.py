"""How near a generated book is to a real one: features, dirt, event rate, attrition; every figure with n.

Features are compared after cleaning, numbers and categories. The ranking of one fixed model on both books belongs to
`ranking`, making samples of books to `book_sample`.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.lab.fidelity.book_sample import BookSample
from credit_platform.lab.fidelity.line import CONFIDENCE, BookFigure, FidelityLine, Section, between, line, share
from credit_platform.months import months_between_expr
from credit_platform.statistics.intervals import Interval, jeffreys_interval
from credit_platform.statistics.reference import Bins
from credit_platform.statistics.stability_index import sampling_floor, stability_index

Z = 1.959963984540054  # of a 95 % interval
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def compare_numbers(real: BookSample, made: BookSample) -> Iterator[FidelityLine]:
    """Moments, quantiles, KS and PSI of every number that the portfolio compares."""
    for table, names in real.portfolio.required_generator.compared.numbers.items():
        for name in names:
            yield from _numbers(name, real.silver[table].get_column(name), made.silver[table].get_column(name))


def _numbers(name: str, real: pl.Series, made: pl.Series) -> Iterator[FidelityLine]:
    a, b = (series.cast(pl.Float64).drop_nulls().to_numpy() for series in (real, made))
    spread = float(a.std(ddof=1)) if a.size > 1 else 0.0
    yield line("feature", name, "mean", _mean(a), _mean(b), band="shift", scale=spread)
    yield line("feature", name, "sd", _sd(a), _sd(b), band="shift", scale=spread)
    for level in QUANTILES:
        at = f"q{round(level * 100):02d}"
        found = line("feature", name, at, _quantile(a, level), _quantile(b, level), band="shift", scale=spread)
        yield replace(found, status="ok") if _is_one_step(found, a, b) else found
    yield between("feature", name, "ks", kolmogorov_smirnov(a, b), n=(a.size, b.size))
    bins = Bins.of_numbers(real.drop_nulls())
    yield between(
        "feature", name, "psi", stability_index(bins.counts, bins.count(made.drop_nulls())), n=(a.size, b.size)
    )
    floor = sampling_floor(len(bins.counts) - 1, a.size, b.size)
    yield FidelityLine(
        "feature", name, "psi_by_chance", None, None, None, a.size, None, None, None, b.size, floor, "ok"
    )


def _is_one_step(found: FidelityLine, a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether quantiles of whole numbers are at most one apart, where the smallest difference moves them by one."""
    if found.real is None or found.made is None or abs(found.real - found.made) > 1:
        return False
    return bool((a == np.rint(a)).all() and (b == np.rint(b)).all())


def kolmogorov_smirnov(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Largest distance of two distribution functions; None when a sample is empty.

    >>> kolmogorov_smirnov(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.5
    """
    if not a.size or not b.size:
        return None
    at = np.unique(np.concatenate([a, b]))
    below_a = np.searchsorted(np.sort(a), at, side="right") / a.size
    below_b = np.searchsorted(np.sort(b), at, side="right") / b.size
    return float(np.abs(below_a - below_b).max())


def _mean(values: NDArray[np.float64]) -> BookFigure:
    if values.size < 2:
        return BookFigure(None, values.size)
    mean, margin = float(values.mean()), Z * float(values.std(ddof=1)) / sqrt(values.size)
    return BookFigure(mean, values.size, Interval(mean - margin, mean + margin))


def _sd(values: NDArray[np.float64]) -> BookFigure:
    """Standard deviation; its error is computed from the fourth moment, so it is valid for long tails too."""
    if values.size < 2:
        return BookFigure(None, values.size)
    sd = float(values.std(ddof=1))
    if sd == 0:
        return BookFigure(0.0, values.size, Interval(0.0, 0.0))
    kurtosis = float((((values - values.mean()) / sd) ** 4).mean())
    margin = Z * sd * sqrt(max(kurtosis - 1, 0) / (4 * values.size))
    return BookFigure(sd, values.size, Interval(max(0.0, sd - margin), sd + margin))


def _quantile(values: NDArray[np.float64], level: float) -> BookFigure:
    """A quantile with the order statistics that contain it at the confidence of all figures."""
    if values.size < 2:
        return BookFigure(None, values.size)
    n = values.size
    margin = Z * sqrt(level * (1 - level) / n)
    value, low, high = (
        float(np.quantile(values, min(1.0, max(0.0, at)))) for at in (level, level - margin, level + margin)
    )
    return BookFigure(value, n, Interval(low, high))


def compare_categories(real: BookSample, made: BookSample) -> Iterator[FidelityLine]:
    """The PSI of every categorical and Boolean feature, and the share of each of its levels."""
    features = real.portfolio.features
    booleans = [name for name in features.numeric if real.features.schema[name] == pl.Boolean]
    for name in (*features.categorical, *booleans):
        a, b = (book.features.get_column(name).cast(pl.String).drop_nulls() for book in (real, made))
        bins = Bins.of_levels(a.alias(name))
        psi = stability_index(bins.counts, bins.count(b))
        yield between("category", name, "psi", psi, n=(a.len(), b.len()))
        for level in sorted({*a.unique(), *b.unique()}):
            counts = ((a == level).sum(), (b == level).sum())
            figures = share(counts[0], a.len()), share(counts[1], b.len())
            yield line("category", f"{name} = {level}", "rate", *figures, band="share")


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
