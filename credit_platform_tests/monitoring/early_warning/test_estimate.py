from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.monitoring.early_warning.estimate import (
    COUNTS,
    RATES,
    calibration_deviations,
    chance_deviations,
    measure_estimate,
    weighted_metrics,
)
from credit_platform.schemas.early_warning import Estimate
from credit_platform.scoring.estimators.estimator import fit_platt
from credit_platform.statistics.calibration import log_odds
from credit_platform.statistics.discrimination import confusion, roc_auc
from credit_platform_tests.monitoring_rows import subject, thresholds

AT = subject(lag=0)
CUT_OFF = 0.5


def applicants(n: int, seed: int, *, spread: float = 1.75, rank: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels; `rank` below 1 is a concept drift: the score tells less of the label than it did."""
    rng = np.random.default_rng(seed)
    told, untold = rng.normal(size=n), rng.normal(size=n)
    risk = spread * (rank * told + np.sqrt(1 - rank**2) * untold) - 1.35
    return told * (spread / 1.75), (rng.uniform(size=n) < 1 / (1 + np.exp(-risk))).astype(np.int64)


def scored(raw: np.ndarray, probability: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "raw_probability": raw,
            "default_probability": probability,
            "decision": np.where(probability >= CUT_OFF, "decline", "approve"),
        },
        schema={"raw_probability": pl.Float64, "default_probability": pl.Float64, "decision": pl.String},
    ).with_columns(sources_present=pl.lit("financials"))


def squash(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))


class Version:
    """A calibrated version: its probabilities of its validation sample and of other loans."""

    def __init__(self, seed: int, n: int = 1500) -> None:
        score, label = applicants(n, seed)
        self._calibrator = fit_platt(label.astype(np.int8), squash(score))
        self.validation = self.probability(score)

    def probability(self, score: np.ndarray) -> np.ndarray:
        return self._calibrator.calibrate(squash(score))

    def estimate(self, score: np.ndarray) -> dict[str, tuple[float, float, float]]:
        frame = measure_estimate(
            scored(squash(score), self.probability(score)),
            validation=self.validation,
            subject=AT,
            thresholds=thresholds(),
        )
        return {
            metric: tuple(rest) for metric, *rest in frame.select("metric", "value", "ci_low", "ci_high").iter_rows()
        }


VERSION = Version(seed=11)


def test_two_loans_by_hand() -> None:
    # Bad with 0.8 and 0.2, the first ranked higher and declined: tp .8, fp .2, fn .2, tn .8.
    p = np.array([[0.8, 0.2]])
    found = weighted_metrics(np.array([0.9, 0.1]), np.array([True, False]), bads=p, goods=1 - p)
    values = {metric: float(value[0]) for metric, value in found.items()}
    assert values["tp"] == pytest.approx(0.8)
    assert (values["fp"], values["fn"], values["tn"]) == pytest.approx((0.2, 0.2, 0.8))
    assert values["accuracy"] == values["precision"] == values["recall"] == pytest.approx(0.8)
    # Steps of the curve: 0.8 of the bads at 0.2 of the goods; half a step each counts for ties with oneself.
    assert values["roc_auc"] == pytest.approx(0.2 * 0.8 / 2 + 0.8 * 0.8 + 0.8 * 0.2 / 2)
    assert values["gini"] == pytest.approx(2 * values["roc_auc"] - 1)


labels = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5), st.booleans()), min_size=2, max_size=40)


@settings(max_examples=60, deadline=None)
@given(loans=labels)
def test_with_certain_probabilities_the_metrics_are_the_ordinary_ones(loans: list[tuple[int, int, bool]]) -> None:
    label, raw, declined = (np.array(part) for part in zip(*loans, strict=True))
    weights = label[None, :].astype(np.float64)
    found = weighted_metrics(raw.astype(np.float64), declined.astype(bool), bads=weights, goods=1 - weights)
    table = confusion(label, declined)
    for metric, expected in {
        "roc_auc": roc_auc(label, raw),
        "accuracy": table.accuracy,
        "precision": table.precision,
        "recall": table.recall,
        "f1_score": table.f1_score,
        "bad_rate": label.mean(),
    }.items():
        value = float(found[metric][0])
        assert (np.isnan(value) and expected is None) or value == pytest.approx(expected), metric


def test_the_raw_score_ranks_and_not_the_calibrated_probability() -> None:
    flat = np.full((1, 4), 0.3)
    raw = np.array([0.1, 0.2, 0.3, 0.4])
    ranked = weighted_metrics(raw, flat[0] > 1, bads=np.array([[0.1, 0.2, 0.3, 0.4]]), goods=1 - flat)
    tied = weighted_metrics(flat[0], flat[0] > 1, bads=np.array([[0.1, 0.2, 0.3, 0.4]]), goods=1 - flat)
    assert ranked["roc_auc"][0] > 0.5
    assert tied["roc_auc"][0] == pytest.approx(0.5)


def test_an_estimate_is_rows_of_its_table_and_the_same_each_time() -> None:
    score, _ = applicants(500, seed=1)
    loans = scored(squash(score), VERSION.probability(score))
    first, again = (
        measure_estimate(loans, validation=VERSION.validation, subject=AT, thresholds=thresholds()) for _ in range(2)
    )
    assert first.equals(again)
    rows = Estimate.validate(first)
    assert set(rows["metric"]) == {*RATES, *COUNTS, "n"}
    assert rows.filter(pl.col("metric").is_in(RATES))["ci_low"].null_count() == 0


def test_the_interval_adds_the_chance_in_the_validation_sample_to_that_of_the_cohort() -> None:
    score, _ = applicants(500, seed=1)
    probability = VERSION.probability(score)
    loans = squash(score), probability >= CUT_OFF, probability
    chance, line = chance_deviations(*loans), calibration_deviations(*loans, validation=VERSION.validation)
    assert 0.01 < chance["roc_auc"] < 0.03
    for metric, (value, low, high) in VERSION.estimate(score).items():
        if metric in RATES:
            is_rank = metric in {"roc_auc", "gini"}
            added = chance[metric] * np.sqrt(500 / 1500) if is_rank else line[metric]
            margin = 1.959964 * np.hypot(chance[metric], added)
            assert (value - low, high - value) == pytest.approx((margin, margin), rel=1e-6)


@pytest.mark.parametrize("spread", [1.75, 0.6])
def test_the_calibrations_part_of_the_bad_rate_is_the_delta_methods(spread: float) -> None:
    score, _ = applicants(2000, seed=1, spread=spread)
    p, v = VERSION.probability(score), VERSION.validation
    gradient = np.mean(p * (1 - p) * np.array([log_odds(p), np.ones_like(p)]), axis=1)
    inputs = np.array([log_odds(v), np.ones_like(v)])
    information = (v * (1 - v) * inputs) @ inputs.T
    found = calibration_deviations(squash(score), p >= CUT_OFF, p, validation=v)["bad_rate"]
    assert found == pytest.approx(np.sqrt(gradient @ np.linalg.solve(information, gradient)), rel=1e-6)


def test_as_many_loans_with_scores_unlike_those_of_validation_have_a_wider_bad_rate() -> None:
    def added(spread: float) -> float:
        p = VERSION.probability(applicants(500, seed=1, spread=spread)[0])
        line = calibration_deviations(p, p >= CUT_OFF, p, validation=VERSION.validation)["bad_rate"]
        return line / chance_deviations(p, p >= CUT_OFF, p)["bad_rate"]

    assert added(0.3) > 1.1 * added(1.75)


def test_validation_loans_that_say_nothing_about_the_slope_leave_the_bad_rate_open() -> None:
    score, _ = applicants(500, seed=1)
    loans = scored(squash(score), VERSION.probability(score))
    frame = measure_estimate(loans, validation=np.full(900, 0.2), subject=AT, thresholds=thresholds())
    low, high = frame.filter(metric="bad_rate", segment="all").select("ci_low", "ci_high").row(0)
    assert high - low > 0.5


def test_without_drift_the_interval_holds_the_truth() -> None:
    held = dict.fromkeys(("roc_auc", "bad_rate", "accuracy"), 0)
    n_cohorts = 60
    for seed in range(n_cohorts):
        version = Version(seed=1000 + seed)
        score, label = applicants(500, seed=5000 + seed)
        found = version.estimate(score)
        truth = {
            "roc_auc": roc_auc(label, score),
            "bad_rate": float(label.mean()),
            "accuracy": confusion(label, version.probability(score) >= CUT_OFF).accuracy,
        }
        for metric, real in truth.items():
            _, low, high = found[metric]
            held[metric] += real is not None and low <= real <= high
    assert min(held.values()) >= 0.9 * n_cohorts, held


def test_a_narrower_population_lowers_the_estimate() -> None:
    usual, _ = applicants(2000, seed=1)
    narrow, _ = applicants(2000, seed=1, spread=0.9)
    assert VERSION.estimate(narrow)["roc_auc"][0] < VERSION.estimate(usual)["roc_auc"][0] - 0.05


def test_a_narrower_population_widens_the_interval() -> None:
    usual, narrow = (VERSION.estimate(applicants(500, seed=1, spread=spread)[0])["roc_auc"] for spread in (1.75, 0.6))
    assert narrow[2] - narrow[1] > 1.3 * (usual[2] - usual[1])


def test_a_concept_drift_leaves_the_estimate_where_it_was() -> None:
    score, label = applicants(2000, seed=7, rank=0.5)
    value, low, _ = VERSION.estimate(score)["roc_auc"]
    truth = roc_auc(label, score)
    assert truth is not None
    assert truth < low - 0.05
    assert value == pytest.approx(VERSION.estimate(applicants(2000, seed=8)[0])["roc_auc"][0], abs=0.02)


@pytest.mark.parametrize(
    # The estimate is 0.86, its interval 0.82 to 0.90.
    ("business", "data_science", "status"),
    [(0.75, 0.80, "ok"), (0.75, 0.88, "ok"), (0.88, 0.89, "ok"), (0.75, 0.95, "warn"), (0.94, 0.95, "breach")],
)
def test_only_an_interval_wholly_below_a_threshold_speaks_against_the_version(
    business: float, data_science: float, status: str
) -> None:
    score, _ = applicants(500, seed=2)
    floors = {"priority": "P0", "business_threshold": business, "data_science_threshold": data_science}
    frame = measure_estimate(
        scored(squash(score), VERSION.probability(score)),
        validation=VERSION.validation,
        subject=AT,
        thresholds=thresholds(metrics=thresholds().model_dump()["metrics"] | {"roc_auc": floors}),
    )
    assert frame.filter(metric="roc_auc", segment="all")["status"].item() == status


def test_few_expected_bads_are_insufficient_and_no_loan_is_unknown() -> None:
    score, _ = applicants(60, seed=3)
    few = measure_estimate(
        scored(squash(score), VERSION.probability(score)),
        validation=VERSION.validation,
        subject=AT,
        thresholds=thresholds(),
    )
    assert set(few.filter(pl.col("metric").is_in(RATES))["status"]) == {"insufficient"}
    none = measure_estimate(
        scored(np.array([]), np.array([])), validation=VERSION.validation, subject=AT, thresholds=thresholds()
    )
    assert set(none.filter(pl.col("metric").is_in([*RATES, *COUNTS]))["status"]) == {"unknown"}
    assert Estimate.is_valid(none)


def test_a_version_without_a_validation_sample_gives_no_interval_and_no_verdict() -> None:
    score, _ = applicants(500, seed=4)
    frame = measure_estimate(
        scored(squash(score), VERSION.probability(score)), validation=np.array([]), subject=AT, thresholds=thresholds()
    )
    rows = frame.filter(pl.col("metric").is_in(RATES))
    assert rows["ci_low"].null_count() == rows.height
    assert set(rows["status"]) == {"insufficient"}


def test_loans_with_other_sources_have_rows_of_their_own() -> None:
    score, _ = applicants(900, seed=5)
    loans = scored(squash(score), VERSION.probability(score)).with_row_index("place")
    sources = pl.when(pl.col("place") < 500).then(pl.lit("financials+web"))
    sources = sources.when(pl.col("place") < 870).then(pl.lit("financials")).otherwise(pl.lit(""))

    def measured(frame: pl.DataFrame) -> pl.DataFrame:
        return measure_estimate(frame, validation=VERSION.validation, subject=AT, thresholds=thresholds())

    found = Estimate.validate(measured(loans.with_columns(sources_present=sources)))
    assert found.filter(segment="all").equals(measured(loans).filter(segment="all"))
    own = found.filter(pl.col("segment") != "all").partition_by("segment", as_dict=True)
    assert set(own) == {("financials+web",), ("financials",), ("no source",)}
    alone = measured(loans.head(500)).filter(pl.col("metric").is_in(["roc_auc", "bad_rate", "n"]), segment="all")
    assert own["financials+web",].drop("segment").equals(alone.drop("segment"))
    assert set(own["no source",].filter(pl.col("metric") != "n")["status"]) == {"insufficient"}


def test_nobody_declined_leaves_precision_undefined() -> None:
    score = np.full(500, -1.0) + np.linspace(-0.2, 0.2, 500)
    value, low, high = VERSION.estimate(score)["precision"]
    assert (value, low, high) == (None, None, None)
