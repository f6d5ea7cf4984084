from __future__ import annotations

import pytest

from credit_platform.monitoring.action.findings import Figure, RollbackAdvice, rollback_advice
from credit_platform_tests.monitoring_rows import thresholds


def _advice(auc: float | None, loss: float | None, *, low: float = 0.01, n_bad: int = 140) -> RollbackAdvice:
    found = {
        "roc_auc": Figure(auc, n=500, n_bad=n_bad),
        "roc_auc_degradation": Figure(loss, low, 0.2, n=500, n_bad=n_bad),
    }
    return rollback_advice(found, thresholds())


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
