"""Lines of calibration by the sources present: what they put right, when there is one, and what others have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.errors import ModelStoreError
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import PlattCalibrator
from credit_platform.scoring.training.source_calibration import MIN_OF_EACH_CLASS, SourceCalibrator, SourceLine
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform.scoring.transformers.evidence import without_history
from credit_platform.statistics.calibration import calibration_line, probability_of

MakeLoans = Callable[..., pl.DataFrame]

POOLED = PlattCalibrator(1.0, 0.0)


def labelled(truth: np.ndarray, *, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(truth)) < probability_of(truth)).astype(np.int8)


def test_sources_that_make_a_model_too_sure_get_a_line_that_puts_it_right() -> None:
    truth = np.random.default_rng(1).normal(-1, 1.2, 6000)
    label = labelled(truth, seed=2)
    frames = {
        present: pl.DataFrame({"label": label, "raw": raw}) for present, raw in (("a+b", truth), ("a", 2 * truth))
    }
    fitted = SourceCalibrator.fit(POOLED, lambda loans: loans["raw"].to_numpy(), frames)
    later = np.random.default_rng(3).normal(-1, 1.2, 6000)
    for present, stretch in (("a+b", 1), ("a", 2)):
        lines = fitted.lines(pl.Series([present] * len(later)))
        line = calibration_line(labelled(later, seed=4), probability_of(lines.on_log_odds(stretch * later)))
        assert line is not None
        assert line.slope.low < 1.0 < line.slope.high
    pooled = calibration_line(labelled(later, seed=4), probability_of(2 * later))
    assert pooled is not None
    assert pooled.slope.high < 0.9  # what the one line of all leaves as it is


@pytest.mark.parametrize(("n_bad", "n_good", "is_own"), [(0, 0, True), (-1, 0, False), (0, -1, False)])
def test_few_of_one_class_have_the_line_of_all(n_bad: int, n_good: int, is_own: bool) -> None:  # noqa: FBT001
    label = np.repeat([1, 0], [MIN_OF_EACH_CLASS + n_bad, MIN_OF_EACH_CLASS + n_good]).astype(np.int8)
    raw = np.random.default_rng(5).normal(0, 1, len(label)) + label
    found = SourceLine.fit(label, raw)
    assert (found.n, found.n_bad, found.line is not None) == (len(label), int(label.sum()), is_own)
    assert (SourceCalibrator(POOLED, {"a": found}).lines(pl.Series(["a"])).slope[0] != 1.0) == is_own


def test_sources_never_seen_together_have_the_line_of_the_nearest() -> None:
    lines = {"a+b+c": SourceLine(50, 20, PlattCalibrator(2.0, 1.0)), "a+b": SourceLine(50, 20, None)}
    found = SourceCalibrator(POOLED, lines).lines(pl.Series(["b+c", "a", "a+b+c", "a+b"]))
    assert (found.slope.tolist(), found.intercept.tolist()) == ([2.0, 1.0, 2.0, 1.0], [1.0, 0.0, 1.0, 0.0])


@given(st.dictionaries(st.sampled_from(["", "a", "a+b"]), st.tuples(st.floats(0.1, 9), st.floats(-9, 9))))
def test_lines_are_read_back_exactly_and_one_line_is_stored_as_before(
    by_sources: dict[str, tuple[float, float]],
) -> None:
    lines = {present: SourceLine(400, 200, PlattCalibrator(*line)) for present, line in by_sources.items()}
    for calibrator in (SourceCalibrator(POOLED, lines), SourceCalibrator(POOLED, {"a": SourceLine(9, 2, None)})):
        assert SourceCalibrator.from_json(calibrator.to_json()) == calibrator
    assert SourceCalibrator(POOLED).to_json() == POOLED.to_json()


@pytest.fixture(scope="module")
def boosted(config: ModelConfig, loans: MakeLoans) -> FittedVersion:
    return fit_version("gradient_boosting", loans(900, seed=1), loans(1200, seed=2), config, portfolio=LOANS)


def test_boosting_has_a_line_per_sources_and_ranks_within_them_as_before(
    boosted: FittedVersion, loans: MakeLoans
) -> None:
    assert len({one.line for one in boosted.calibrator.by_sources.values()} - {None}) > 1
    sample = loans(500, seed=3)
    for cases in (sample, without_history(sample, *LOANS.features.evidence)):
        raw, calibrated = boosted.raw_log_odds(cases), boosted.log_odds(cases)
        assert np.array_equal(np.argsort(raw, kind="stable"), np.argsort(calibrated, kind="stable"))
    mixed = pl.concat([sample[:250], without_history(sample[250:], *LOANS.features.evidence)])
    assert np.array_equal(boosted.predict(mixed)[250:], boosted.predict(mixed[250:]))


def test_the_points_of_a_scorecard_are_the_same_for_all(config: ModelConfig, loans: MakeLoans) -> None:
    card = fit_version("scorecard", loans(900, seed=1), loans(1200, seed=2), config, portfolio=LOANS)
    assert card.calibrator.by_sources == {}


def test_loans_that_do_not_say_which_sources_they_have_are_refused(boosted: FittedVersion, loans: MakeLoans) -> None:
    with pytest.raises(ModelStoreError, match="the features to score lack sources_present"):
        boosted.predict(loans(3, seed=4).drop("sources_present"))
