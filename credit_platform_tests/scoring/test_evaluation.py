from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from credit_platform.scoring.discrimination import delong_interval, roc_auc
from credit_platform.scoring.evaluation import auc_by_sample, evaluate, null_rate
from credit_platform.scoring.training import FittedVersion

MakeLoans = Callable[..., pl.DataFrame]
METRICS = {
    "roc_auc", "gini", "ks", "brier", "accuracy", "precision", "recall", "f1_score", "bad_rate",
    "mean_default_probability",
}  # fmt: skip


def value(metrics: pl.DataFrame, role: str, metric: str) -> dict[str, float | None]:
    row = metrics.filter((pl.col("sample_role") == role) & (pl.col("metric") == metric))
    return row.select("value", "ci_low", "ci_high", "n", "n_bad").row(0, named=True)


def test_every_sample_has_every_metric_with_its_counts(version: FittedVersion, loans: MakeLoans) -> None:
    test, oot = loans(400, seed=71), loans(200, seed=72)
    metrics = evaluate(version, {"test": test, "oot": oot}, cut_off=0.5)
    assert set(metrics["metric"]) == METRICS
    assert metrics.height == 2 * len(METRICS)
    assert value(metrics, "oot", "ks")["n"] == 200
    assert value(metrics, "oot", "ks")["n_bad"] == oot["label"].sum()
    auc = value(metrics, "test", "roc_auc")
    label, probability = test["label"].to_numpy(), version.predict(test)
    assert auc["value"] == roc_auc(label, probability)
    assert (auc["ci_low"], auc["ci_high"]) == delong_interval(label, probability)
    assert auc_by_sample(metrics) == {"test": auc["value"], "oot": value(metrics, "oot", "roc_auc")["value"]}


def test_the_cut_off_moves_recall_and_not_the_auc(version: FittedVersion, loans: MakeLoans) -> None:
    sample = loans(400, seed=73)
    strict, lax = (evaluate(version, {"oot": sample}, cut_off=cut_off) for cut_off in (0.2, 0.8))
    assert value(strict, "oot", "roc_auc") == value(lax, "oot", "roc_auc")
    assert (value(strict, "oot", "recall")["value"] or 0) > (value(lax, "oot", "recall")["value"] or 0)


def test_a_sample_of_one_class_has_null_ranking_metrics(version: FittedVersion, loans: MakeLoans) -> None:
    goods = loans(100, seed=74).filter(pl.col("label") == 0)
    metrics = evaluate(version, {"oot": goods}, cut_off=0.5)
    for metric in ("roc_auc", "gini", "ks", "recall"):
        assert value(metrics, "oot", metric)["value"] is None
    assert value(metrics, "oot", "brier")["value"] is not None


def test_an_empty_sample_has_null_metrics_and_no_loans(version: FittedVersion, loans: MakeLoans) -> None:
    metrics = evaluate(version, {"oot": loans(1, seed=75)[:0]}, cut_off=0.5)
    assert metrics["value"].null_count() == len(METRICS)
    assert set(metrics["n"]) == {0}


def test_the_null_rate_counts_cells() -> None:
    frame = pl.DataFrame({"a": [1, None], "b": [None, None], "c": [1, 1]})
    assert null_rate(frame, ["a", "b"]) == pytest.approx(0.75)
    assert null_rate(frame, ["c"]) == 0
    assert null_rate(frame[:0], ["a"]) is None
