"""The signal of the clickstream, and how much of the risk each source tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from credit_platform.months import add_months
from credit_platform.portfolios.loans.generator.book import BookSpec, generate_month
from credit_platform.portfolios.loans.generator.default_process import (
    credit_index,
    default_probability,
    strain_probability,
)
from credit_platform_tests.portfolios.loans.generator.whole_cohorts import cohort_of

CHANNELS = [f"fe_{channel}" for channel in range(1, 21)]
SPEC = BookSpec(n_months=29, cases_per_month=700)
LEAKING = BookSpec(n_months=35, cases_per_month=700, has_leak=True)
# The newest cohort with clickstream, in either book.
NEWEST = SPEC.last_month
Sample = dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]
TRUE_FEATURES = [
    "monthly_inhand_salary_amount",
    "interest_rate",
    "n_loans",
    "delay_from_due_days",
    "n_credit_inquiries",
    "outstanding_debt_amount",
    "credit_history_months",
]


def readings_of(spec: BookSpec) -> pl.DataFrame:
    """All clickstream of the newest cohorts up to the last application, a fraction of its size as whole numbers."""
    newest = [cohort_of(spec, add_months(NEWEST, -back)).truth["customer_id"] for back in range(6)]
    months = [
        generate_month(spec, month)["feature_clickstream"]
        .filter(pl.col("Customer_ID").is_in(pl.concat(newest).implode()))
        .with_columns(pl.col(CHANNELS).cast(pl.Int16))
        for month in SPEC.months
    ]
    return pl.concat(months)


@pytest.fixture(scope="module")
def readings() -> pl.DataFrame:
    return readings_of(SPEC)


@pytest.fixture(scope="module")
def leaked() -> pl.DataFrame:
    return readings_of(LEAKING)


def sample_of(spec: BookSpec, readings: pl.DataFrame, month: date, n_months: int) -> Sample:
    """The cohort of `month` with the centred sums of its last `n_months` of clickstream up to the application."""
    first, last = add_months(month, 1 - n_months).isoformat(), month.isoformat()
    window = readings.filter(pl.col("snapshot_date").is_between(pl.lit(first), pl.lit(last)))
    sums = window.group_by("Customer_ID").agg((pl.col(CHANNELS).cast(pl.Float64) - 103.0).sum())
    truth = cohort_of(spec, month).truth
    joined = truth.join(sums, left_on="customer_id", right_on="Customer_ID", maintain_order="left", validate="1:1")
    return {
        "sums": joined.select(CHANNELS).to_numpy(),
        "others": joined.select(pl.col(TRUE_FEATURES).cast(pl.Float64)).to_numpy(),
        "is_default": joined["is_default"].to_numpy(),
    }


@pytest.fixture(scope="module")
def samples(readings: pl.DataFrame) -> dict[int, Sample]:
    return {n_months: sample_of(SPEC, readings, NEWEST, n_months) for n_months in (1, 6, 24)}


def auc_of(sample: Sample, scores: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    return float(roc_auc_score(sample["is_default"].tolist(), scores.tolist()))


def auc_of_sums(sample: Sample) -> float:
    shifts = np.subtract(SPEC.process.strained_shifts, SPEC.process.settled_shifts)
    return auc_of(sample, sample["sums"] @ shifts)


def test_the_signal_of_the_clickstream_grows_with_history(samples: dict[int, Sample]) -> None:
    one, six, all_months = (auc_of_sums(samples[n_months]) for n_months in (1, 6, 24))
    assert 0.52 < one < 0.62
    assert one + 0.05 < six
    assert six + 0.03 < all_months
    assert 0.72 < all_months < 0.80


@pytest.mark.parametrize(
    ("channel", "sign"),
    [(10, -1), (5, 1), (9, -1), (4, 1), (3, 1), (8, -1), (2, 1)],
)
def test_channels_lean_to_the_side_of_the_real_book(leaked: pl.DataFrame, channel: int, sign: int) -> None:
    sample = sample_of(LEAKING, leaked, NEWEST, 24)
    assert auc_of(sample, sign * sample["sums"][:, channel - 1]) > 0.55


@pytest.mark.parametrize("channel", range(11, 21))
def test_the_other_channels_are_noise(samples: dict[int, Sample], channel: int) -> None:
    sample = samples[24]
    assert abs(auc_of(sample, sample["sums"][:, channel - 1]) - 0.5) < 0.1


@pytest.mark.parametrize(
    ("spec", "book", "low", "high"),
    [(SPEC, "readings", 0.83, 0.89), (LEAKING, "leaked", 0.93, 0.98)],
    ids=["a signal", "a leak, as in the real book"],
)
def test_a_logistic_regression_ranks_as_well_as_the_clickstream_allows(
    spec: BookSpec, book: str, low: float, high: float, request: pytest.FixtureRequest
) -> None:
    readings = request.getfixturevalue(book)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    train = [sample_of(spec, readings, add_months(NEWEST, -back), 24) for back in (5, 4, 3, 2)]
    later = sample_of(spec, readings, NEWEST, 24)

    def auc(*blocks: str) -> float:
        features = np.vstack([np.hstack([sample[block] for block in blocks]) for sample in train])
        model.fit(features, np.concatenate([sample["is_default"] for sample in train]))
        scores = model.decision_function(np.hstack([later[block] for block in blocks]))
        return auc_of(later, np.asarray(scores, dtype=np.float64))

    assert 0.75 < auc("others") < 0.83
    assert low < auc("others", "sums") < high


def test_risk_rises_with_the_index_and_with_strain() -> None:
    index = np.linspace(-4, 4, 50)
    strained, settled = np.ones(50, dtype=bool), np.zeros(50, dtype=bool)
    assert (np.diff(strain_probability(index, SPEC.process)) > 0).all()
    assert (np.diff(default_probability(index, settled, SPEC.process)) > 0).all()
    risen = default_probability(index, strained, SPEC.process) > default_probability(index, settled, SPEC.process)
    assert risen.all()


def test_each_driver_moves_the_index_as_its_weight_says() -> None:
    applicants = cohort_of(SPEC, SPEC.first_month).truth
    base = credit_index(applicants, SPEC.process)
    more_debt = applicants.with_columns(pl.col("outstanding_debt_amount") * 2)
    longer = applicants.with_columns(pl.col("credit_history_months") + 12)
    assert (credit_index(more_debt, SPEC.process) > base).all()
    assert (credit_index(longer, SPEC.process) < base).all()
    without = credit_index(more_debt, replace(SPEC.process, outstanding_debt=0.0))
    assert without == pytest.approx(credit_index(applicants, replace(SPEC.process, outstanding_debt=0.0)))


def test_readings_are_whole_numbers_around_a_hundred_with_legitimate_negatives() -> None:
    readings = generate_month(SPEC, date(2021, 6, 1))["feature_clickstream"].select(pl.col(CHANNELS).cast(pl.Int64))
    noise = readings["fe_20"]
    assert noise.mean() == pytest.approx(100, abs=3)
    assert noise.std() == pytest.approx(100, abs=3)
    assert (noise < 0).mean() == pytest.approx(0.16, abs=0.02)
