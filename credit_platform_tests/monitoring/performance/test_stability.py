from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.monitoring.performance.stability import measure_stability
from credit_platform.schemas.monitoring import Stability
from credit_platform.statistics.reference import Reference, fit_reference
from credit_platform.statistics.stability_index import sampling_floor, stability_index
from credit_platform_tests.monitoring_rows import cohort, subject, thresholds

COUNTS = st.lists(st.integers(0, 1000), min_size=2, max_size=12).filter(any)
PAIRS = st.integers(2, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 1000), min_size=n, max_size=n).filter(any)] * 2)
)


@given(COUNTS)
def test_a_sample_is_stable_against_itself(counts: list[int]) -> None:
    assert stability_index(counts, counts) == 0


@given(PAIRS)
def test_the_index_is_finite_symmetric_and_never_negative(pair: tuple[list[int], list[int]]) -> None:
    there, back = stability_index(*pair), stability_index(*reversed(pair))
    assert there is not None
    assert back is not None
    assert np.isfinite(there)
    assert there >= 0
    assert there == pytest.approx(back, abs=1e-12)


@given(PAIRS)
def test_bins_empty_on_both_sides_do_not_count(pair: tuple[list[int], list[int]]) -> None:
    before, after = pair
    assert stability_index([*before, 0], [*after, 0]) == stability_index(before, after)


def test_the_index_of_an_empty_sample_is_unknown() -> None:
    assert stability_index([1, 2], [0, 0]) is None
    assert sampling_floor(10, 500, 0) is None


def test_the_sampling_floor_is_the_mean_index_of_samples_of_one_population() -> None:
    rng = np.random.default_rng(4)
    shares = np.full(10, 0.1)
    drawn = [stability_index(rng.multinomial(6000, shares), rng.multinomial(500, shares)) for _ in range(400)]
    assert np.mean([index for index in drawn if index is not None]) == pytest.approx(
        sampling_floor(10, 6000, 500), rel=0.1
    )


def _reference() -> Reference:
    training = cohort(5000, seed=9)
    probability = training.get_column("default_probability").to_numpy()
    return fit_reference(training, probability=probability, numeric=["amount"], categorical=["group"])


def _measured(frame: pl.DataFrame) -> dict[tuple[str, str], tuple[float | None, str]]:
    table = measure_stability(frame, _reference(), subject=subject(lag=0), thresholds=thresholds())
    Stability.validate(table)
    rows = table.select("metric", "segment", "value", "status").iter_rows()
    return {(metric, segment): (value, status) for metric, segment, value, status in rows}


def test_a_month_like_training_is_ok_throughout() -> None:
    assert {status for _, status in _measured(cohort(2000, seed=3)).values()} == {"ok"}


def test_a_shifted_month_breaches_where_it_shifted() -> None:
    shifted = cohort(2000, seed=3).with_columns(
        pl.col("default_probability") * 0.4 + 0.5, amount=pl.col("amount") + 2, group=pl.lit("unheard of")
    )
    found = _measured(shifted)
    for key in (("psi", "all"), ("csi", "amount"), ("csi", "group"), ("mean_probability_drift", "all")):
        assert found[key][1] == "breach", key
    assert found["null_rate", "amount"] == (0.0, "ok")


def test_a_lost_feature_breaches_its_csi_and_its_null_rate() -> None:
    found = _measured(cohort(2000, seed=3).with_columns(amount=pl.lit(None, dtype=pl.Float64)))
    assert found["csi", "amount"][1] == "breach"
    assert found["null_rate", "amount"] == (1.0, "breach")


def test_a_missing_feature_is_unknown() -> None:
    found = _measured(cohort(2000, seed=3).drop("amount"))
    assert found["csi", "amount"] == (None, "unknown")


def test_a_small_month_is_insufficient_whatever_it_shows() -> None:
    found = _measured(cohort(60, seed=3))
    assert found["psi", "all"][1] == "insufficient"
    assert found["mean_probability_drift", "all"][1] == "insufficient"


def test_an_empty_month_is_never_ok() -> None:
    found = _measured(cohort(10).clear())
    assert "ok" not in {status for _, status in found.values()}
    assert found["psi", "all"] == (None, "unknown")


def _wider_with_history() -> Reference:
    """Scores that part with longer histories: around the middle after 6 months, at the ends after 24."""
    random = np.random.default_rng(5)
    training = cohort(6000, seed=0)
    spread = {months: random.beta(a, a, 6000) for months, a in ((6, 4.0), (24, 0.6))}
    return fit_reference(training, probability=spread[6], numeric=["amount"], categorical=[], by_history=spread)


def _scored(n: int, *, months: int, a: float) -> pl.DataFrame:
    scores = np.random.default_rng(9).beta(a, a, n)
    return cohort(n, seed=1).with_columns(
        pl.Series("default_probability", scores), pl.lit(months, dtype=pl.Int32).alias("n_clickstream_months")
    )


@pytest.mark.parametrize(
    ("months", "a", "is_shifted"), [(6, 4.0, False), (24, 0.6, False), (24, 4.0, True), (6, 0.6, True), (0, 0.6, True)]
)
def test_scores_are_held_against_what_their_history_leads_to_expect(months: int, a: float, is_shifted: bool) -> None:  # noqa: FBT001
    frame = _scored(2000, months=months, a=a)
    found = measure_stability(
        frame, _wider_with_history(), subject=subject(), thresholds=thresholds(), history="n_clickstream_months"
    )
    rows = {row["metric"]: row["status"] for row in found.filter(segment="all").iter_rows(named=True)}
    assert (rows["psi"] == "breach") == is_shifted
    assert (rows["std_probability_drift"] == "breach") == is_shifted


def test_loans_that_lost_their_history_stay_a_shift_among_others() -> None:
    frame = pl.concat([_scored(1000, months=24, a=0.6), _scored(1000, months=0, a=8.0)])
    found = measure_stability(
        frame, _wider_with_history(), subject=subject(), thresholds=thresholds(), history="n_clickstream_months"
    )
    psi = found.filter(metric="psi").row(0, named=True)
    assert psi["value"] > thresholds().psi.alert


LIT, DARK = "bureau+clicks", "bureau"


def _of_sources(n: int, *, dark: float, seed: int = 3) -> pl.DataFrame:
    """Loans of which a share has no clicks: their scores lie closer together and one feature is missing."""
    is_dark = pl.Series(np.random.default_rng(seed).random(n) < dark)
    return cohort(n, seed=seed).with_columns(
        pl.when(is_dark).then(pl.col("default_probability") * 0.3 + 0.2).otherwise("default_probability"),
        amount=pl.when(~is_dark).then("amount"),
        sources_present=pl.when(is_dark).then(pl.lit(DARK)).otherwise(pl.lit(LIT)),
    )


def _by_sources(dark: float) -> Reference:
    sample = _of_sources(4000, dark=dark, seed=9)
    kinds = {DARK: _of_sources(4000, dark=1.0, seed=8), LIT: sample.filter(sources_present=LIT)}
    return fit_reference(
        sample,
        probability=sample["default_probability"].to_numpy(),
        numeric=["amount"],
        categorical=["group"],
        by_sources={name: (loans, loans["default_probability"].to_numpy()) for name, loans in kinds.items()},
        sources={"bureau": 1.0, "clicks": 1 - dark},
    )


@pytest.mark.parametrize("before", [0.0, 0.5])
@pytest.mark.parametrize("dark", [0.0, 0.4, 1.0])
def test_loans_without_a_source_are_held_against_such_loans(before: float, dark: float) -> None:
    month = _of_sources(2000, dark=dark)
    table = measure_stability(month, _by_sources(before), subject=subject(lag=0), thresholds=thresholds())
    Stability.validate(table)
    moved = pl.col("metric").is_in(["psi", "csi", "null_rate", "mean_probability_drift", "std_probability_drift"])
    assert set(table.filter(moved)["status"]) == {"ok"}
    share = table.filter(metric="source_share", segment="clicks").row(0, named=True)
    assert (share["status"] == "breach") == (1 - dark < (1 - before) * 0.95)
    assert share["value"] == pytest.approx(1 - dark, abs=0.05)
    across = table.filter(metric="psi_across_sources")
    assert across.height == (share["status"] == "breach")
    assert table.filter(metric="psi").height == 1 + month["sources_present"].n_unique()


def test_a_shift_among_loans_without_a_source_is_found() -> None:
    month = _of_sources(2000, dark=1.0).with_columns(pl.col("default_probability") + 0.2)
    table = measure_stability(month, _by_sources(0.0), subject=subject(lag=0), thresholds=thresholds())
    assert set(table.filter(metric="psi")["status"]) == {"breach"}


@pytest.mark.parametrize(("known", "status"), [(1.0, "breach"), (0.0, "warn"), (0.3, "warn"), (0.6, "breach")])
def test_a_share_the_version_was_judged_by_is_no_breach(known: float, status: str) -> None:
    table = measure_stability(
        _of_sources(2000, dark=0.7),
        _by_sources(0.0),
        subject=subject(lag=0),
        thresholds=thresholds(),
        known_shares={"bureau": 1.0, "clicks": known},
    )
    assert table.filter(metric="source_share", segment="clicks")["status"].to_list() == [status]


def test_sources_that_were_never_seen_together_are_held_against_the_whole_sample() -> None:
    month = _of_sources(2000, dark=1.0).with_columns(sources_present=pl.lit("another"))
    table = measure_stability(month, _by_sources(0.0), subject=subject(lag=0), thresholds=thresholds())
    assert table.filter(metric="psi", segment="another")["status"].to_list() == ["breach"]
