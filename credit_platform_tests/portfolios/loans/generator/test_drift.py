"""Every drift begins when it says, does what it says, and does nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from credit_platform.errors import SettingsError
from credit_platform.months import add_months
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.drifted_rows import changed_form
from credit_platform.portfolios.loans.generator.book import BookSpec, generate_month
from credit_platform.portfolios.loans.generator.delivery import FINANCIALS_FORM, LATE_RATE, MISSING_COLUMNS
from credit_platform.portfolios.loans.generator.drift import COHORT_KINDS, MEANING
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.portfolios.loans.generator.whole_cohorts import cohort_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SOURCES = tuple(source.name for source in LOANS.sources)
SMALL = BookSpec(n_months=14, cases_per_month=15, history_months=5)
# Enough loans to see a change, few enough to be quick.
WIDE = BookSpec(n_months=26, cases_per_month=400)
START = add_months(WIDE.first_month, 12)
KINDS, STRENGTHS = st.sampled_from(DriftKind), st.floats(0.01, 1.0)
# The bytes of the small book; whoever changes them changes every generated book.
UNCHANGED = "b5c27f7d7c6669353c42e1327711873eff33905ae6b4c3f4acdf74c50593e728"


def csv(frame: pl.DataFrame) -> str:
    return frame.write_csv(quote_style="necessary")


def drifted(spec: BookSpec, kind: DriftKind, month: date, strength: float = 0.7) -> BookSpec:
    return replace(spec, drifts=(Drift(kind, month, strength),))


def wide(kind: DriftKind, strength: float = 0.7) -> BookSpec:
    return drifted(WIDE, kind, START, strength)


def truth_of(spec: BookSpec, months: Sequence[date]) -> pl.DataFrame:
    return pl.concat([cohort_of(spec, month).truth for month in months])


def after(spec: BookSpec) -> list[date]:
    return [month for month in spec.months if month >= START]


def test_a_book_without_drifts_has_the_bytes_it_always_had() -> None:
    digest = hashlib.sha256()
    for month in SMALL.months:
        for source in SOURCES:
            digest.update(csv(generate_month(SMALL, month)[source]).encode())
    assert digest.hexdigest() == UNCHANGED


@given(kind=KINDS, index=st.integers(0, 13), strength=STRENGTHS, seed=st.integers(0, 99))
@settings(max_examples=15)
def test_nothing_of_earlier_cohorts_and_months_changes(kind: DriftKind, index: int, strength: float, seed: int) -> None:
    plain = replace(SMALL, seed=seed)
    start = add_months(SMALL.first_month, index)
    spec = drifted(plain, kind, start, strength)
    for month in plain.months[:index]:
        usual, changed = generate_month(plain, month), generate_month(spec, month)
        for source in SOURCES:
            if source == "feature_clickstream" and kind in COHORT_KINDS:
                # People who apply after the drift has begun use the channels before they apply.
                ids = pl.concat([cohort_of(plain, early).truth for early in plain.months[:index]])["customer_id"]
                is_early = pl.col("Customer_ID").is_in(ids.implode())
                early = usual["feature_clickstream"].filter(is_early), changed["feature_clickstream"].filter(is_early)
                assert csv(early[0]) == csv(early[1])
            else:
                assert csv(usual[source]) == csv(changed[source])


@given(kind=KINDS, strength=STRENGTHS, seed=st.integers(0, 2**32))
@settings(max_examples=15)
def test_a_drifted_book_has_the_columns_keys_and_defaults_of_any_book(
    kind: DriftKind, strength: float, seed: int
) -> None:
    spec = drifted(replace(SMALL, seed=seed), kind, add_months(SMALL.first_month, 3), strength)
    month = add_months(SMALL.first_month, 9)
    made = generate_month(spec, month)
    assert csv(made["features_financials"]) == csv(generate_month(replace(spec), month)["features_financials"])
    for source in SOURCES:
        frame = made[source]
        assert set(frame.dtypes) == {pl.String}
        assert not frame["Customer_ID"].is_duplicated().any()
    truth = cohort_of(spec, month).truth
    assert truth.height >= 1
    assert truth["default_probability"].is_between(0, 1).all()
    assert made["features_attributes"].height == made["features_financials"].height == truth.height


def predictors(spec: BookSpec, months: Sequence[date]) -> np.ndarray:
    """What a model knows of the cohorts: the cleaned attributes and two years of clickstream, as means."""
    blocks = []
    for month in months:
        cohort = cohort_of(spec, month)
        rng = np.random.default_rng(cohort.index)
        noise = 100 / np.sqrt(24) * rng.standard_normal(cohort.channel_means.shape)
        features = cohort.truth.select(
            pl.col("credit_utilization_rate", "changed_credit_limit", "interest_rate", "n_credit_inquiries"),
            pl.col("outstanding_debt_amount", "credit_history_months", "monthly_inhand_salary_amount", "n_loans"),
            (pl.col("spending_level") == "High").cast(pl.Float64),
        )
        blocks.append(np.hstack([features.cast(pl.Float64).to_numpy(), cohort.channel_means + noise]))
    return np.vstack(blocks)


def fit(spec: BookSpec, months: Sequence[date]) -> Callable[[BookSpec, Sequence[date]], float]:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2_000))
    model.fit(predictors(spec, months), truth_of(spec, months)["is_default"].to_numpy())

    def auc(of: BookSpec, later: Sequence[date]) -> float:
        scores = model.decision_function(predictors(of, later))
        return float(roc_auc_score(truth_of(of, later)["is_default"].to_numpy(), scores))

    return auc


def bad_rate(spec: BookSpec, months: Sequence[date]) -> float:
    return float(numbers(truth_of(spec, months), "is_default").mean())


def numbers(frame: pl.DataFrame, column: str) -> np.ndarray:
    return frame[column].cast(pl.Float64).to_numpy()


def is_calibrated(truth: pl.DataFrame) -> bool:
    return bool(abs(numbers(truth, "default_probability").mean() - numbers(truth, "is_default").mean()) < 0.02)


def test_a_covariate_drift_moves_the_applicants_and_leaves_the_relation() -> None:
    spec, later = wide(DriftKind.COVARIATE), after(WIDE)[8:]
    usual, moved = truth_of(WIDE, later), truth_of(spec, later)
    for feature in ("credit_utilization_rate", "interest_rate", "outstanding_debt_amount", "credit_history_months"):
        shares = [numbers(frame, feature) > np.median(numbers(usual, feature)) for frame in (usual, moved)]
        assert abs(shares[1].mean() - shares[0].mean()) > 0.10, feature
    assert is_calibrated(moved)
    # Applicants nearer to each other are harder to rank, by any model.
    old, new = fit(WIDE, after(WIDE)[:8]), fit(spec, after(WIDE)[:8])
    assert old(spec, later) > new(spec, later) - 0.02


def test_a_label_drift_moves_the_base_rate_and_leaves_how_good_and_bad_loans_look() -> None:
    spec, later = wide(DriftKind.LABEL, 1.0), after(WIDE)[6:]
    usual, moved = bad_rate(WIDE, later), bad_rate(spec, later)
    assert moved / (1 - moved) == pytest.approx(np.e * usual / (1 - usual), rel=0.15)
    for is_bad in (True, False):
        plain, shifted = (truth_of(one, later).filter(pl.col("is_default") == is_bad) for one in (WIDE, spec))
        for feature in ("interest_rate", "outstanding_debt_amount", "is_strained"):
            means = [numbers(frame, feature).mean() for frame in (plain, shifted)]
            assert means[1] == pytest.approx(means[0], rel=0.05, abs=0.03), feature
    old = fit(WIDE, after(WIDE)[:6])
    assert old(spec, later) == pytest.approx(old(WIDE, later), abs=0.02)
    assert is_calibrated(truth_of(spec, later))


def test_a_concept_drift_breaks_old_models_and_new_ones_recover() -> None:
    spec, later = wide(DriftKind.CONCEPT), after(WIDE)
    assert_frame_equal(
        truth_of(WIDE, later).drop("default_probability", "is_default"),
        truth_of(spec, later).drop("default_probability", "is_default"),
    )
    old, new = fit(WIDE, WIDE.months[:12]), fit(spec, later[:4])
    assert 0.84 < old(WIDE, later[4:]) < 0.90
    assert 0.65 < old(spec, later[4:]) < 0.75
    assert new(spec, later[4:]) > 0.83


@pytest.mark.parametrize("source", ["features_attributes", "features_financials", "feature_clickstream"])
def test_a_concept_drift_is_not_in_what_is_known_at_application(source: str) -> None:
    one, other = (generate_month(spec, START)[source] for spec in (WIDE, wide(DriftKind.CONCEPT)))
    assert csv(one) == csv(other)


def test_a_stronger_concept_drift_takes_more_from_an_old_model() -> None:
    old, later = fit(WIDE, WIDE.months[:12]), after(WIDE)
    aucs = [old(wide(DriftKind.CONCEPT, strength), later) for strength in (0.1, 0.3, 0.5, 0.7)]
    assert aucs == sorted(aucs, reverse=True)
    assert aucs[0] > 0.84


def test_missing_cells_are_that_share_of_five_columns_and_nothing_else_moves() -> None:
    usual, holed = generate_month(WIDE, START), generate_month(wide(DriftKind.MISSINGNESS, 0.4), START)
    for column in MISSING_COLUMNS:
        empty = holed["features_financials"][column].is_null()
        assert empty.mean() == pytest.approx(0.4, abs=0.1)
        assert (
            holed["features_financials"][column]
            .filter(~empty)
            .equals(usual["features_financials"][column].filter(~empty))
        )
    assert_frame_equal(
        usual["features_financials"].drop(MISSING_COLUMNS), holed["features_financials"].drop(MISSING_COLUMNS)
    )
    assert csv(usual["lms_loan_daily"]) == csv(holed["lms_loan_daily"])


def test_a_source_without_rows_has_its_header_and_no_rows() -> None:
    usual, dark = generate_month(SMALL, SMALL.last_month), drifted(SMALL, DriftKind.SOURCE_DARK, SMALL.last_month)
    made = generate_month(dark, SMALL.last_month)
    assert made["feature_clickstream"].height == 0
    assert made["feature_clickstream"].columns == usual["feature_clickstream"].columns
    assert csv(made["features_financials"]) == csv(usual["features_financials"])


def test_a_schema_change_is_one_of_the_financials() -> None:
    usual = generate_month(SMALL, START)["features_financials"]
    for strength in (0.2, 0.5, 0.7, 1.0):
        spec = drifted(SMALL, DriftKind.SCHEMA_CHANGE, START, strength)
        made = generate_month(spec, START)["features_financials"]
        assert_frame_equal(made, changed_form(usual, FINANCIALS_FORM, strength))
        assert not made.equals(usual)


def test_a_seasonal_drift_swings_with_the_calendar() -> None:
    spec = wide(DriftKind.SEASONAL, 1.0)
    winter, summer = ([month for month in after(WIDE) if month.month in pair] for pair in ((12, 1), (6, 7)))
    assert truth_of(spec, winter[:2]).height > 1.8 * truth_of(spec, summer[:2]).height
    assert bad_rate(spec, winter) > bad_rate(WIDE, winter) + 0.06
    assert bad_rate(spec, summer) < bad_rate(WIDE, summer) - 0.08


def test_a_volume_drift_shrinks_cohorts_and_leaves_who_applies() -> None:
    spec, later = wide(DriftKind.VOLUME, 0.5), after(WIDE)
    n_usual, n_left = (truth_of(one, later).height for one in (WIDE, spec))
    assert n_left == pytest.approx(n_usual / 2, rel=0.05)
    assert bad_rate(spec, later) == pytest.approx(bad_rate(WIDE, later), abs=0.03)


def test_delayed_labels_are_rows_that_are_not_there() -> None:
    usual, delayed = (generate_month(spec, START)["lms_loan_daily"] for spec in (WIDE, wide(DriftKind.LABEL_DELAY)))
    assert_frame_equal(delayed, usual.filter(pl.col("installment_num").cast(pl.Int64) < 6))


def test_payments_recorded_late_are_put_right_by_a_corrected_file() -> None:
    spec = wide(DriftKind.LATE_CORRECTION, 1.0)
    first, corrected = generate_month(spec, START), spec.corrected_rows(START)
    for source in SOURCES:
        assert csv(corrected[source]) == csv(generate_month(WIDE, START)[source])
        assert source == "lms_loan_daily" or csv(first[source]) == csv(corrected[source])
    both = first["lms_loan_daily"].join(corrected["lms_loan_daily"], on=["loan_id", "snapshot_date"], suffix="_right")
    differs = both.filter(pl.col("paid_amt") != pl.col("paid_amt_right"))
    in_time = corrected["lms_loan_daily"].filter((pl.col("overdue_amt") == "0.0") & (pl.col("installment_num") != "0"))
    assert differs.height / in_time.height == pytest.approx(LATE_RATE, abs=0.02)
    assert set(differs["overdue_amt"]) == {"1000.0"}
    assert set(differs["overdue_amt_right"]) == {"0.0"}


def test_of_several_drifts_each_keeps_its_own_start() -> None:
    middle, end = add_months(SMALL.first_month, 6), add_months(SMALL.first_month, 12)
    spec = replace(SMALL, drifts=(Drift(DriftKind.SOURCE_DARK, end, 1.0), Drift(DriftKind.MISSINGNESS, middle, 1.0)))
    assert generate_month(spec, middle)["feature_clickstream"].height > 0
    assert generate_month(spec, middle)["features_financials"]["Outstanding_Debt"].null_count() > 0
    assert generate_month(spec, end)["feature_clickstream"].height == 0


@pytest.mark.parametrize(
    ("named", "build"),
    [
        ("strength", lambda: Drift(DriftKind.LABEL, START, 0.0)),
        ("strength", lambda: Drift(DriftKind.LABEL, START, 1.1)),
        ("strength", lambda: Drift(DriftKind.LABEL, START, float("nan"))),
        ("first_month", lambda: Drift(DriftKind.LABEL, date(2022, 1, 2), 0.5)),
        ("kind", lambda: Drift("moon", START, 0.5)),  # pyrefly: ignore[bad-argument-type]
        ("drift volume", lambda: drifted(SMALL, DriftKind.VOLUME, date(2020, 12, 1))),
        ("drift volume", lambda: drifted(SMALL, DriftKind.VOLUME, date(2023, 1, 1))),
    ],
)
def test_an_impossible_drift_is_refused_by_name(named: str, build: Callable[[], object]) -> None:
    with pytest.raises(SettingsError, match=named):
        build()


def test_every_kind_is_explained() -> None:
    assert set(MEANING) == set(DriftKind)
