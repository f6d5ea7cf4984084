from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from credit_platform.monitoring.action.action import NEXT_STEPS, ROLLBACK_STEP, decide_action
from credit_platform.monitoring.action.findings import Figure
from credit_platform.monitoring.action.rollback import RollbackAdvice, rollback_advice
from credit_platform.scoring.governance.head_to_head import HeadToHead
from credit_platform_tests.monitoring_rows import figures, subject, thresholds

NEWEST = date(2024, 12, 1)
LOST = RollbackAdvice("2 hours", "roc_auc lost 18.0% against the out-of-time result, more than 15%")
N = 400
LABEL = (np.arange(N) % 4 == 0).astype(np.int8)


def _advice(auc: float | None, loss: float | None, *, low: float = 0.01, n_bad: int = 140) -> RollbackAdvice:
    found = {
        "roc_auc": Figure(auc, n=500, n_bad=n_bad),
        "roc_auc_degradation": Figure(loss, low, 0.2, n=500, n_bad=n_bad),
    }
    return rollback_advice(found, thresholds(), cases="loans")


@pytest.mark.parametrize(
    ("auc", "loss", "within"),
    [
        (0.6999, 0.0, "at once"),
        (0.70, 0.1501, "2 hours"),
        (0.75, 0.15, "1 day"),
        (0.75, 0.1001, "1 day"),
        (0.75, 0.10, "3 days"),
        (0.75, 0.0501, "3 days"),
        (0.80, 0.05, "none"),
        (0.80, -0.05, "none"),
        (0.80, None, "unknown"),
        (None, None, "unknown"),
    ],
)
def test_the_matrix_of_policy(auc: float | None, loss: float | None, within: str) -> None:
    advice = _advice(auc, loss)
    assert advice.within == within
    assert advice.is_advised == (within not in {"none", "unknown"})


def test_a_loss_that_chance_explains_is_told_as_such() -> None:
    assert "chance" in _advice(0.78, 0.06, low=-0.01).why
    assert "chance" not in _advice(0.78, 0.06).why


def test_too_few_bads_advise_nothing() -> None:
    assert _advice(0.5, 0.4, n_bad=29).within == "unknown"


def _tried(noise: float | None, *, label: np.ndarray = LABEL, seed: int = 3) -> HeadToHead:
    """A version against one that ranks by noise of 2; None ranks every pair as that one does."""
    judged = label + np.random.default_rng(1).normal(0, 2, len(label))
    own = 2 * judged if noise is None else label + np.random.default_rng(seed).normal(0, noise, len(label))
    return HeadToHead("2024-09-01-ab12", label, own, judged)


def _to_the_best(tried: dict[str, HeadToHead] | None) -> RollbackAdvice:
    return LOST.to_the_best(tried, newest=NEWEST, thresholds=thresholds(), cases="loans")


BETTER, BEST, NO_BETTER, WORSE, ALIKE = (_tried(noise) for noise in (0.6, 0.4, 1.95, 9.0, None))


@pytest.mark.parametrize(
    ("tried", "to"),
    [
        ({"new": BETTER}, "new"),
        ({"new": BETTER, "old": BEST}, "old"),
        ({"new": BETTER, "old": BETTER}, "new"),
        ({"new": ALIKE, "old": BETTER, "older": WORSE}, "old"),
        ({"new": ALIKE}, None),
        ({"new": WORSE}, None),
        ({"new": NO_BETTER, "old": WORSE}, None),
    ],
)
def test_the_best_of_the_versions_that_are_surely_better_is_named(tried: dict[str, HeadToHead], to: str | None) -> None:
    advice = _to_the_best(tried)
    if to is None:
        said = f"no earlier version would do better on the sources that loans of 2024-12 have ({len(tried)} tried)"
        assert advice == RollbackAdvice("none", said)
        return
    pair, ends = tried[to], tried[to].difference(0.95)
    assert ends is not None
    assert (advice.within, advice.to) == ("2 hours", to)
    assert advice.why == (
        f"{LOST.why}; version {to} would rank the same 400 loans at {pair.candidate_auc:.4f} instead of "
        f"{pair.incumbent_auc:.4f} (difference {ends[0]:.4f} to {ends[1]:.4f}) with the sources of 2024-12"
    )


FEW = np.repeat(np.array([1, 0], dtype=np.int8), [29, 371])


@pytest.mark.parametrize(
    ("tried", "within", "why"),
    [
        ({}, "none", "there is no earlier version"),
        (None, "none", "the version judged is no longer in effect"),
        ({"new": _tried(0.4, label=FEW)}, "unknown", "on 29 bads among 400 loans with the sources of 2024-12; 30 bads"),
        ({"new": _tried(0.4, label=1 - FEW)}, "unknown", "and as many goods are needed"),
        ({"new": _tried(0.4, label=FEW[:0])}, "unknown", "0 bads among 0 loans"),
    ],
)
def test_without_a_version_that_can_be_tried_nothing_is_advised(
    tried: dict[str, HeadToHead] | None, within: str, why: str
) -> None:
    advice = _to_the_best(tried)
    assert (advice.within, advice.to, advice.is_advised) == (within, None, False)
    assert why in advice.why


@pytest.mark.parametrize("auc", [0.66, 0.78])
@pytest.mark.parametrize("tried", [{"2024-01-01-ab12": BETTER}, {"2024-01-01-ab12": ALIKE}])
def test_only_a_named_version_is_among_the_reasons_and_prepared_for(auc: float, tried: dict[str, HeadToHead]) -> None:
    measured = {"roc_auc": auc, "accuracy": 0.8, "f1_score": 0.7, "precision": 0.7, "recall": 0.7}
    at = subject()
    judged = decide_action(
        figures(measured | {"roc_auc_degradation": 0.2}, at=at),
        figures({"psi": 0.02}, at=subject(lag=0), n_bad=None),
        subject=at,
        thresholds=thresholds(),
        cases="loans",
    )
    assert judged.rollback.is_advised
    assert not any("rollback" in reason for reason in (*judged.reasons, *judged.next_steps))
    advice = judged.rollback.to_the_best(tried, newest=at.snapshot_month, thresholds=thresholds(), cases="loans")
    decision = judged.advised(advice)
    assert decision.to_frame(at)["rollback_within"].item() == advice.within
    steps, reasons = NEXT_STEPS[judged.action], judged.reasons
    if advice.to is not None:
        within = "at once" if auc < 0.7 else "within 2 hours"
        reasons += (f"rollback: advised, {within}: {advice.why}; a recommendation, a person decides",)
        steps += (ROLLBACK_STEP,) if judged.action == "retrain" else ()
    assert (decision.reasons, decision.next_steps) == (reasons, steps)
