from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
import pytest

from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.evaluation.evaluation import (
    TABLES,
    Evaluation,
    auc_by_sample,
    evaluate,
    evaluate_version,
    null_rate,
)
from credit_platform.scoring.evaluation.metrics import sample_metrics
from credit_platform.scoring.grades import grade_table
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.statistics.discrimination import confusion, delong_interval, roc_auc
from credit_platform_tests.scoring.drawn_samples import honest_sample

MakeLoans = Callable[..., pl.DataFrame]
CUT_OFF = 0.5
METRICS = {one.metric for one in sample_metrics(np.array([0, 1]), np.array([0.2, 0.7]), cut_off=0.5)}
ROLES = ["train", "validation", "test", "oot"]


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


class Told:
    """A version that gives each loan the probability written beside it."""

    def predict(self, features: pl.DataFrame) -> np.ndarray:
        return features["probability"].to_numpy()


def told(n: int, seed: int, *, shift: float = 0.0) -> pl.DataFrame:
    label, probability = honest_sample(n, seed, shift=shift)
    return pl.DataFrame({"label": label, "probability": probability})


@pytest.fixture(scope="module")
def told_samples() -> Mapping[SampleRole, pl.DataFrame]:
    return {"train": told(600, 81), "validation": told(300, 82), "test": told(400, 83), "oot": told(200, 84)}


@pytest.fixture(scope="module")
def evaluation(told_samples: Mapping[SampleRole, pl.DataFrame], config: ModelConfig) -> Evaluation:
    return evaluate_version(Told(), told_samples, config=config, cut_off=CUT_OFF)


def test_every_table_has_its_columns_and_every_sample(evaluation: Evaluation) -> None:
    for name, schema in TABLES.items():
        table = getattr(evaluation, name)
        assert table.schema == pl.Schema(schema), name
        with_unseen = name in {"metrics", "reliability", "grades"}
        expected = [*ROLES, "unseen"] if with_unseen else ROLES
        assert table["sample_role"].unique(maintain_order=True).to_list() == expected, name


def test_unseen_is_test_and_out_of_time_together(
    evaluation: Evaluation, told_samples: Mapping[SampleRole, pl.DataFrame], config: ModelConfig
) -> None:
    unseen = pl.concat([told_samples["test"], told_samples["oot"]])
    label, probability = unseen["label"].to_numpy(), unseen["probability"].to_numpy()
    grades = evaluation.grades.filter(sample_role="unseen").drop("sample_role")
    assert grades.equals(grade_table(label, probability, config.scoring.grades))
    assert value(evaluation.metrics, "unseen", "roc_auc")["value"] == roc_auc(label, probability)
    assert "unseen" not in auc_by_sample(evaluation.metrics)


def test_the_confusion_is_counted_at_the_cut_off(
    evaluation: Evaluation, told_samples: Mapping[SampleRole, pl.DataFrame]
) -> None:
    oot, cut_off = told_samples["oot"], CUT_OFF
    expected = confusion(oot["label"], oot["probability"] >= cut_off)
    row = evaluation.confusion.filter(sample_role="oot").row(0, named=True)
    assert row == {"sample_role": "oot", "cut_off": cut_off} | vars(expected)


def test_the_metrics_of_an_evaluation_are_those_of_evaluate(
    evaluation: Evaluation, told_samples: Mapping[SampleRole, pl.DataFrame]
) -> None:
    alone = evaluate(Told(), told_samples, cut_off=CUT_OFF)
    assert evaluation.metrics.filter(pl.col("sample_role") != "unseen").equals(alone)


def test_a_fitted_version_is_evaluated(version: FittedVersion, loans: MakeLoans, config: ModelConfig) -> None:
    made = evaluate_version(version, {"oot": loans(200, seed=76)}, config=config, cut_off=CUT_OFF)
    assert set(made.grades["sample_role"]) == {"oot", "unseen"}
    assert made.gains["capture_rate"][-1] == 1
    assert Evaluation.from_bytes(made.to_bytes()).to_bytes() == made.to_bytes()


def test_an_evaluation_is_read_back_as_it_was(evaluation: Evaluation) -> None:
    again = Evaluation.from_bytes(evaluation.to_bytes())
    for name in TABLES:
        assert getattr(again, name).equals(getattr(evaluation, name), null_equal=True), name
    assert again.to_bytes() == evaluation.to_bytes()


def test_the_same_loans_give_the_same_bytes(
    evaluation: Evaluation, told_samples: Mapping[SampleRole, pl.DataFrame], config: ModelConfig
) -> None:
    assert evaluate_version(Told(), told_samples, config=config, cut_off=CUT_OFF).to_bytes() == evaluation.to_bytes()


def test_samples_that_define_little_can_be_stored_too(config: ModelConfig) -> None:
    goods = told(50, 85).with_columns(label=pl.lit(0, dtype=pl.Int8))
    unknown = told(50, 86).with_columns(probability=pl.lit(float("nan")))
    made = evaluate_version(Told(), {"train": goods, "test": unknown, "oot": goods[:0]}, config=config, cut_off=CUT_OFF)
    assert made.roc.height == 0
    assert set(made.gains["sample_role"]) == {"train"}
    assert Evaluation.from_bytes(made.to_bytes()).to_bytes() == made.to_bytes()


def test_a_miscalibrated_version_is_found_in_its_grades_and_its_slope(config: ModelConfig) -> None:
    made = evaluate_version(
        Told(), {"test": told(1500, 87, shift=0.8), "oot": told(700, 88, shift=0.8)}, config=config, cut_off=CUT_OFF
    )
    assert made.grades.filter(sample_role="unseen")["status"].is_in(["breach"]).sum() >= 3
    assert (value(made.metrics, "unseen", "calibration_in_the_large")["ci_low"] or 0) > 0.4


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"format": 2, "tables": {}}'])
def test_what_is_no_evaluation_of_this_format_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no evaluation of format 1"):
        Evaluation.from_bytes(content)


@pytest.mark.parametrize(
    ("table", "columns", "reason"),
    [
        ("metrics", {}, "metrics has the columns ; they should be sample_role, metric"),
        ("gains", {"sample_role": [], "decile": []}, "gains has the columns sample_role, decile; they"),
        (
            "roc",
            {"sample_role": ["oot", "oot"], "false_positive_rate": [0.0], "true_positive_rate": [0.0]},
            "roc cannot be read",
        ),
    ],
    ids=["a table less", "columns less", "columns of two lengths"],
)
def test_an_evaluation_with_a_broken_table_is_refused(
    evaluation: Evaluation, table: str, columns: Mapping[str, list[object]], reason: str
) -> None:
    found = json.loads(evaluation.to_bytes())
    found["tables"][table] = columns
    with pytest.raises(ValueError, match=reason):
        Evaluation.from_bytes(json.dumps(found).encode())
