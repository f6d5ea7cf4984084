"""What parts are counted from: by the sources present, exactly, also for sources never seen and for old versions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import Contributions
from credit_platform.scoring.explanation.reasons import reasons_of
from credit_platform.scoring.training.average_loans import MIN_APPROVED, AverageLoan, AverageLoans
from credit_platform.scoring.training.samples import without_source
from credit_platform.scoring.training.source_calibration import sources_known
from credit_platform.scoring.training.version import FittedVersion, load_version

MakeLoans = Callable[..., pl.DataFrame]

SOURCES = tuple(sorted(LOANS.features.source_flags))
SOME = [set(some) for n in range(len(SOURCES) + 1) for some in combinations(SOURCES, n)]


def with_just(sample: pl.DataFrame, sources: set[str]) -> pl.DataFrame:
    for source in set(SOURCES) - sources:
        sample = without_source(sample, source, LOANS.features)
    return sample.with_columns(sources_present=pl.lit("+".join(sorted(sources))))


@settings(max_examples=16, deadline=None)
@given(sources=st.sampled_from(SOME), seed=st.integers(0, 1000))
def test_the_parts_of_loans_of_any_sources_add_up_to_their_log_odds(
    *, version: FittedVersion, loans: MakeLoans, sources: set[str], seed: int
) -> None:
    sample = with_just(loans(20, seed=seed), sources)
    parts = version.contributions(sample)
    assert np.abs(parts.base + parts.values.sum(axis=1) - version.log_odds(sample)).max() < 1e-9


def test_loans_of_other_sources_start_from_another_average(version: FittedVersion, loans: MakeLoans) -> None:
    sample = loans(5, seed=61)
    assert {*version.average_loans.by_sources} >= {"attributes+clickstream+financials", "attributes+financials"}
    with_all, without = (
        version.contributions(one) for one in (sample, with_just(sample, {"attributes", "financials"}))
    )
    place = with_all.features.index("clickstream_evidence")
    assert np.abs(without.values[:, place]).max() < 1e-9  # what nobody of the average has, nobody is told
    assert len({*with_all.base.tolist(), *without.base.tolist()}) == 2


def test_sources_never_seen_together_are_counted_from_the_nearest() -> None:
    ends = {"a+b+c": AverageLoan("all", 50, {"x": 1.0}), "a+b": AverageLoan("all", 40, {"x": 2.0})}
    found = AverageLoans(ends, 0.5)
    assert [found.of(present).means["x"] for present in ("a", "a+c", "b+c", "", "d")] == [2.0, 1.0, 1.0, 2.0, 2.0]
    shift = found.shift(pl.Series(["a+b", "a+b+c", "a+b"]), ("x",))
    assert shift.tolist() == [[2.0], [1.0], [2.0]]
    assert found.shift(pl.Series([], dtype=pl.String), ("x",)).shape == (0, 1)


@pytest.mark.parametrize(
    ("n_approved", "of", "mean"), [(MIN_APPROVED, "approved", 1.0), (MIN_APPROVED - 1, "all", 5.05)]
)
def test_few_approved_loans_are_no_average(n_approved: int, of: str, mean: float) -> None:
    n = 100
    approved = np.arange(n) < n_approved
    parts = Contributions(("debt",), np.where(approved, 1.0, 10.0)[:, None], np.zeros(n))
    numbers = pl.DataFrame({"debt": np.where(approved, 20.0, 90.0), "level": ["a"] * n})
    found = AverageLoan.fit(parts, numbers, approved)
    expected = mean if of == "approved" else (n_approved + 10.0 * (n - n_approved)) / n
    assert (found.of, found.n) == (of, n_approved if of == "approved" else n)
    assert found.means["debt"] == pytest.approx(expected)
    assert found.typical == {"debt": 20.0 if of == "approved" else 90.0}


def test_a_number_nobody_has_is_not_typical() -> None:
    numbers = pl.DataFrame({"debt": pl.Series([None, None, float("nan")], dtype=pl.Float64)})
    parts = Contributions(("debt",), np.zeros((3, 1)), np.zeros(3))
    assert AverageLoan.fit(parts, numbers, np.array([True] * 3)).typical == {}


def test_average_loans_are_read_back_to_the_last_bit(version: FittedVersion) -> None:
    assert AverageLoans.from_json(version.average_loans.to_json()) == version.average_loans
    assert version.average_loans.cut_off == 0.5


def as_stored_before(version: FittedVersion) -> FittedVersion:
    """The version with one mean and one line, as the last release stored it."""
    whole = version.average_loans.by_sources["attributes+clickstream+financials"]
    line = version.calibrator.pooled
    files = version.artifacts() | {
        "mean_contributions.json": json.dumps(
            {"sample": "validation", "mean_contribution": dict(whole.means)}
        ).encode(),
        "calibrator.json": json.dumps({"method": "platt", "slope": line.slope, "intercept": line.intercept}).encode(),
    }
    return load_version(version.model, files, portfolio=LOANS)


def test_a_version_of_the_last_release_explains_as_it_did(version: FittedVersion, loans: MakeLoans) -> None:
    old, sample = as_stored_before(version), pl.concat([loans(100, seed=62), loans(60, seed=63, history=0)])
    parts = old.contributions(sample)
    assert len(set(parts.base.tolist())) == 1
    assert np.abs(parts.base + parts.values.sum(axis=1) - old.log_odds(sample)).max() < 1e-9
    assert np.array_equal(old.log_odds(sample), old.calibrator.pooled.on_log_odds(old.raw_log_odds(sample)))
    assert not old.average_loans.is_of_approved
    catalogue = LOANS.load_policy().reasons
    codes = reasons_of(old, sample, catalogue)["reason_1"]
    feature_of = {reason.code: feature for feature, reason in catalogue.reasons.items()}
    for row, code in enumerate(codes):
        largest = parts.features[int(parts.values[row].argmax())]
        if code is not None and catalogue.reasons[largest].is_given and sample["n_clickstream_months"][row]:
            assert feature_of[code] == largest
    assert "CLK01" in codes
    assert "CLK01" not in reasons_of(replace(version), sample, catalogue)["reason_1"].head(100).drop_nulls().mode()


def test_a_history_taken_away_is_a_source_less(loans: MakeLoans) -> None:
    sample = loans(3, seed=64).with_columns(n_clickstream_months=pl.Series([0, 4, None], dtype=pl.Int32))
    known = sources_known(sample, LOANS.features).to_list()
    assert known == ["attributes+financials", "attributes+clickstream+financials", "attributes+financials"]
    nothing = sample.with_columns(sources_present=pl.lit(None, pl.String))
    assert sources_known(nothing, LOANS.features).to_list() == ["", "clickstream", ""]
