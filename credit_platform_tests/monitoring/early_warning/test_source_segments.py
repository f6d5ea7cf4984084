"""Early performance of cohorts that differ in the sources their loans have: the ROC-AUC is compared like with like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.monitoring.early_warning.early_findings import early_performance_findings
from credit_platform.monitoring.early_warning.early_outcomes import CohortReading, Scorer
from credit_platform.monitoring.early_warning.early_performance import measure_early_performance
from credit_platform.monitoring.early_warning.source_segments import RankedLoans, has_like_mix, is_of_all_sources
from credit_platform.months import add_months
from credit_platform.schemas.early_warning import EarlyPerformance
from credit_platform.statistics.discrimination import auc_spread
from credit_platform_tests.monitoring.early_warning.early_books import FIRST, LABEL_MOB
from credit_platform_tests.monitoring_rows import thresholds

POLICY = thresholds()
READS = POLICY.early_performance.reads
SCORER = Scorer("2022-01-01-known", "post", "live")
WEB, NO_WEB = "financials+web", "financials"
# Loans, and how well the score ranks them, by sources.
Mix = Mapping[str, tuple[int, float]]
WITH_WEB: Mix = {WEB: (500, 0.90)}
WITHOUT_WEB: Mix = {NO_WEB: (500, 0.74)}
HALF: Mix = {WEB: (400, 0.90), NO_WEB: (400, 0.74)}


def reads_of(cohorts: Sequence[Mix], *, seed: int = 1, rate: float = 0.2) -> list[CohortReading]:
    """One cohort per mix; of its bads a share of mob / 5 is bad by each early label."""
    rng = np.random.default_rng(seed)
    return [read for number, mix in enumerate(cohorts) for read in _cohort(rng, number, mix, rate)]


def _cohort(rng: np.random.Generator, number: int, mix: Mix, rate: float) -> list[CohortReading]:
    # The log-odds of being bad, so that loans with and without the source are ranked on one scale.
    sources = np.repeat(list(mix), [n for n, _ in mix.values()])
    auc = np.repeat([auc for _, auc in mix.values()], [n for n, _ in mix.values()])
    is_bad = rng.uniform(size=sources.size) < rate
    distance = np.sqrt(2) * np.array([NormalDist().inv_cdf(one) for one in auc])
    odds = distance * (rng.normal(size=sources.size) + distance * (is_bad - 0.5))
    reads = []
    for name, read in READS.items():
        early = (is_bad & (rng.uniform(size=sources.size) < read.mob / 5)).astype(np.int64)
        parts = {one: sources == one for one in mix}
        n, n_early = sources.size, int(early.sum())
        by_sources = {
            one: RankedLoans(int(own.sum()), int(early[own].sum()), auc_spread(early[own], odds[own]))
            for one, own in parts.items()
        }
        known = {"n_labelled": n, "n_labelled_bad": n_early, "n_label_bad": int(is_bad.sum()), "n_both": n_early}
        reads.append(
            CohortReading(
                cohort=add_months(FIRST, number),
                read=name,
                mob=read.mob,
                n=n,
                n_bad=n_early,
                spread=auc_spread(early, odds),
                scorer=SCORER,
                by_sources=by_sources,
                **known,
            )
        )
    return reads


def measured(reads: Sequence[CohortReading], number: int) -> pl.DataFrame:
    month: date = add_months(FIRST, number)
    frame = measure_early_performance(reads, month=month, model="m", label_mob=LABEL_MOB, thresholds=POLICY)
    return EarlyPerformance.validate(frame.select(EarlyPerformance.column_names()))


def worse(reads: Sequence[CohortReading], numbers: Sequence[int]) -> list[tuple[int, str]]:
    """Months and segments whose ranking is found worse."""
    return [
        (number, segment)
        for number in numbers
        for segment in measured(reads, number).filter(metric="roc_auc", status="warn")["segment"]
    ]


def blind(reads: Sequence[CohortReading]) -> list[CohortReading]:
    """The same reads, where nothing is known of the sources."""
    return [replace(read, by_sources={}) for read in reads]


def test_a_vanished_source_is_no_fall_of_the_ranking() -> None:
    reads = reads_of([WITH_WEB] * 15 + [WITHOUT_WEB] * 15)
    assert worse(blind(reads), [19]) != []
    assert worse(reads, range(16, 30)) == []


def test_loans_without_a_source_are_unknown_until_enough_cohorts_like_them_are_mature() -> None:
    reads = reads_of([WITH_WEB] * 15 + [WITHOUT_WEB] * 15)
    own = pl.col("segment").is_in(["dpd_30_at_mob_4", f"dpd_30_at_mob_4 with {NO_WEB}"])
    columns = ["segment", "status", "n_history_cohorts"]
    before = measured(reads, 22).filter(own, metric="roc_auc", cohort=add_months(FIRST, 18)).sort("segment")
    assert before.select(columns).rows() == [
        ("dpd_30_at_mob_4", "unknown", 2),
        (f"dpd_30_at_mob_4 with {NO_WEB}", "unknown", 2),
    ]
    assert before["expected"].null_count() == before["p_value"].null_count() == 2
    after = measured(reads, 23).filter(own, metric="roc_auc", cohort=add_months(FIRST, 19)).sort("segment")
    # The segment is shown beside all loans, which are tested.
    assert after.select(columns).rows() == [
        ("dpd_30_at_mob_4", "ok", 3),
        (f"dpd_30_at_mob_4 with {NO_WEB}", "unknown", 3),
    ]
    assert after["expected"].to_list() == pytest.approx([0.74, 0.74], abs=0.04)
    assert after["p_value"].is_null().to_list() == [False, True]


def test_a_real_fall_among_loans_without_the_source_is_found() -> None:
    fallen: Mix = {NO_WEB: (500, 0.58)}
    reads = reads_of([WITH_WEB] * 10 + [WITHOUT_WEB] * 14 + [fallen] * 5)
    found = worse(reads, range(25, 29))
    assert (28, "all_reads") in found
    assert worse(reads, range(11, 25)) == []


@pytest.mark.parametrize(("with_web", "is_worse"), [(0.90, False), (0.66, True)])
def test_a_month_in_which_half_the_loans_lose_the_source_is_tested_by_segment(
    with_web: float, *, is_worse: bool
) -> None:
    last: Mix = {WEB: (400, with_web), NO_WEB: (400, 0.74)}
    reads = reads_of([WITH_WEB] * 15 + [last], rate=0.3)
    found = measured(reads, 19).filter(metric="roc_auc", cohort=add_months(FIRST, 15), mob=4)
    rows = {row["segment"]: row for row in found.iter_rows(named=True)}
    whole, own, other = (rows[f"dpd_30_at_mob_4{ending}"] for ending in ("", f" with {WEB}", f" with {NO_WEB}"))
    assert (whole["status"], other["status"]) == ("unknown", "unknown")
    assert whole["holm_p_value"] is whole["expected"] is other["holm_p_value"] is other["expected"] is None
    assert own["expected"] == pytest.approx(0.88, abs=0.03)  # who falls behind later is still a good
    assert (own["status"], own["n_history_cohorts"]) == ("warn" if is_worse else "ok", 12)
    assert own["n"] == 400
    joint = measured(reads, 19).filter(metric="roc_auc", segment="all_reads").row(0, named=True)
    assert joint["value"] == pytest.approx(own["value"], abs=0.2)
    if is_worse:
        (finding,) = early_performance_findings(measured(reads, 19), thresholds=POLICY)
        assert f"dpd_30_at_mob_4 with {WEB} of cohort 2023-04" in finding.reason


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0.05, 1))
def test_where_the_mix_is_stable_the_rows_of_all_loans_are_as_if_nothing_were_known_of_sources(
    seed: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    # By chance alone one of many such books has a cohort of another mix; a stable one has none beyond two deviations.
    middle, spread = 400 * share, 2 * (400 * share * (1 - share)) ** 0.5
    sizes = np.clip(rng.binomial(400, share, size=18), np.ceil(middle - spread), np.floor(middle + spread))
    cohorts = [{WEB: (int(n), 0.9), NO_WEB: (400 - int(n), 0.74)} for n in sizes]
    reads = reads_of([{one: loans for one, loans in mix.items() if loans[0]} for mix in cohorts], seed=seed)
    found = measured(reads, 17)
    assert found.filter(is_of_all_sources()).equals(measured(blind(reads), 17))
    beside = found.filter(~is_of_all_sources())
    assert beside["p_value"].null_count() == beside.height
    assert set(beside["metric"]) <= {"roc_auc"}


def test_one_source_for_all_gives_no_segment() -> None:
    found = measured(reads_of([WITH_WEB] * 18), 17)
    assert found.filter(~is_of_all_sources()).is_empty()


def test_few_bads_in_every_earlier_cohort_are_no_history_of_a_segment() -> None:
    few: Mix = {WEB: (500, 0.9), NO_WEB: (8, 0.74)}
    found = measured(reads_of([few] * 15 + [WITHOUT_WEB]), 17)
    row = found.filter(segment=f"first_payment_missed with {NO_WEB}", cohort=add_months(FIRST, 15))
    assert row.select("n_history_cohorts", "expected", "p_value").rows() == [(0, None, None)]


@pytest.mark.parametrize(
    ("here", "there", "is_like"),
    [
        ({"a": 300}, {"a": 300}, True),
        ({"a": 300}, {"b": 300}, False),
        ({"a": 300, "b": 300}, {"a": 330, "b": 270}, True),
        ({"a": 30_000, "b": 30_000}, {"a": 32_900, "b": 27_100}, True),
        ({"a": 30_000, "b": 30_000}, {"a": 33_100, "b": 26_900}, False),
        ({"a": 300}, {"a": 150, "b": 150}, False),
        ({"a": 300}, {}, True),
    ],
)
def test_cohorts_are_alike_within_five_points_or_within_chance(
    here: dict[str, int], there: dict[str, int], *, is_like: bool
) -> None:
    one, other = ({name: RankedLoans(n, 0, None) for name, n in mix.items()} for mix in (here, there))
    assert has_like_mix(one, other) is has_like_mix(other, one) is is_like


@pytest.mark.slow
@pytest.mark.parametrize("mixes", [[HALF] * 40, [WITH_WEB] * 14 + [HALF] * 3 + [WITHOUT_WEB] * 23])
def test_whatever_happens_to_the_sources_raises_in_fewer_than_one_of_a_hundred_months(mixes: list[Mix]) -> None:
    n_books, months = 9, range(9, 40)
    books = [reads_of(mixes, seed=seed) for seed in range(n_books)]
    raised = sum(
        measured(reads, number).filter(read_month=add_months(FIRST, number), status="warn").height > 0
        for reads in books
        for number in months
    )
    assert raised <= 0.01 * n_books * len(months)
