from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.assets.models.judgement import is_restorable
from credit_platform.errors import ModelStoreError, TrainingError
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.feature_set import COMBINATIONS
from credit_platform.portfolios.loans.features.catalogue import CHANNELS, CLICKSTREAM, CLICKSTREAM_SUMS
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.version import FittedVersion, fit_version, load_version
from credit_platform.scoring.transformers.evidence import without_history
from credit_platform.statistics.discrimination import roc_auc
from credit_platform.statistics.reference import Reference

MakeLoans = Callable[..., pl.DataFrame]


def auc_of(version: FittedVersion, frame: pl.DataFrame) -> float:
    auc = roc_auc(frame["label"].to_numpy(), version.predict(frame))
    assert auc is not None
    return auc


def test_a_fit_is_shown_the_training_and_validation_samples_and_no_other() -> None:
    expected = ["model", "train", "validation", "config", "on_trial", "portfolio"]
    assert list(inspect.signature(fit_version).parameters) == expected


def test_the_signal_is_found_on_loans_the_fit_never_saw(version: FittedVersion, loans: MakeLoans) -> None:
    assert auc_of(version, loans(2000, seed=31)) > 0.75


def test_training_twice_gives_the_same_bytes_whatever_the_order_of_rows(
    version: FittedVersion, model: str, config: ModelConfig, loans: MakeLoans
) -> None:
    train, validation = loans(900, seed=1), loans(300, seed=2)
    shuffled = train.sample(fraction=1, shuffle=True, seed=5)
    chunked = pl.concat([shuffled[:10], shuffled[10:500], shuffled[500:]], rechunk=False)
    again = fit_version(model, chunked, validation.reverse(), config, portfolio=LOANS)
    assert again.artifacts() == version.artifacts()


def test_another_seed_gives_another_fit_where_chance_has_a_part(
    version: FittedVersion, model: str, config: ModelConfig, loans: MakeLoans
) -> None:
    other = fit_version(
        model, loans(900, seed=1), loans(300, seed=2), config.model_copy(update={"random_seed": 7}), portfolio=LOANS
    )
    assert (other.artifacts() != version.artifacts()) == (model == "gradient_boosting")


@pytest.mark.parametrize("name", ["scorecard", "gradient_boosting"])
def test_as_shipped_a_small_sample_is_fitted_less_closely(name: str, config: ModelConfig, loans: MakeLoans) -> None:
    train, validation, later = loans(900, seed=1), loans(300, seed=2), loans(4000, seed=37)
    close, strict = (
        fit_version(name, train, validation, one, portfolio=LOANS) for one in (config, LOANS.load_policy().model)
    )
    lost = [auc_of(fitted, train) - auc_of(fitted, later) for fitted in (close, strict)]
    assert lost[1] < lost[0]
    assert auc_of(strict, later) > auc_of(close, later) - 0.005


def test_a_version_read_back_predicts_equal_to_the_last_bit(version: FittedVersion, loans: MakeLoans) -> None:
    artifacts = version.artifacts()
    restored = load_version(version.model, artifacts, portfolio=LOANS)
    held_out = loans(700, seed=32, history=24)
    assert np.array_equal(restored.predict_raw(held_out), version.predict_raw(held_out))
    assert np.array_equal(restored.predict(held_out), version.predict(held_out))
    assert restored.artifacts() == artifacts
    assert restored.features == version.features
    assert restored.importance.equals(version.importance)
    assert is_restorable(version, held_out)


def test_no_artifact_is_a_pickle_and_all_are_text(version: FittedVersion) -> None:
    files = version.artifacts()
    estimator = {"scorecard.json", "scorecard.csv", "scorecard.sql"} if version.algorithm == "scorecard" else set()
    estimator.add("model.txt" if version.algorithm == "gradient_boosting" else "model.json")
    fitted = {"preprocessing.json", "calibrator.json", "reference.json", "mean_contributions.json", "tuning.json"}
    assert set(files) == {"features.json", *fitted, *estimator}
    for name, content in files.items():
        text = content.decode("utf-8")
        assert not name.endswith(".json") or json.loads(text)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(40)))
def test_a_loan_is_scored_alike_wherever_it_stands_in_the_batch(
    version: FittedVersion, loans: MakeLoans, order: list[int]
) -> None:
    batch = loans(40, seed=33)
    assert np.array_equal(version.predict(batch[order]), version.predict(batch)[order])
    alone = np.concatenate([version.predict(batch[row : row + 1]) for row in order[:3]])
    assert np.array_equal(alone, version.predict(batch)[order[:3]])


@settings(max_examples=25, deadline=None)
@given(
    months=st.integers(0, 24),
    level=st.sampled_from([None, "Lawyer", "Astronaut"]),
    amount=st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
    channel=st.floats(-5000, 5000),
)
def test_every_loan_gets_a_finite_probability(
    *, version: FittedVersion, loans: MakeLoans, months: int, level: str | None, amount: float | None, channel: float
) -> None:
    odd = loans(3, seed=34).with_columns(
        pl.lit(months, dtype=pl.Int32).alias(CLICKSTREAM.months),
        pl.lit(level, dtype=pl.String).alias("occupation_group"),
        *(pl.lit(amount, dtype=pl.Float64).alias(name) for name in ("interest_rate", "emi_amount", "debt_to_salary")),
        *(pl.lit(channel * months).alias(name) for name in CLICKSTREAM_SUMS),
    )
    probability = version.predict(odd)
    assert np.isfinite(probability).all()
    assert ((probability >= 0) & (probability <= 1)).all()


def test_nothing_known_of_a_loan_still_gives_a_probability(version: FittedVersion, loans: MakeLoans) -> None:
    blank = loans(2, seed=35).with_columns(
        pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in loans(1, seed=1).schema.items()
        if name in version.features
    )
    assert 0 < version.predict(blank)[0] < 1


def test_losing_the_clickstream_costs_ranking_but_not_the_level(version: FittedVersion, loans: MakeLoans) -> None:
    held_out = loans(4000, seed=36)
    without = without_history(held_out, CLICKSTREAM)
    assert 0.65 < auc_of(version, without) < auc_of(version, held_out)
    assert version.predict(without).mean() == pytest.approx(held_out["label"].mean(), abs=0.05)


def test_a_model_can_be_fitted_where_nobody_has_a_clickstream(
    model: str, config: ModelConfig, loans: MakeLoans
) -> None:
    fitted = fit_version(model, loans(900, seed=41, history=0), loans(300, seed=42, history=0), config, portfolio=LOANS)
    held_out = loans(2000, seed=43, history=0)
    assert auc_of(fitted, held_out) > 0.65
    assert np.isfinite(fitted.predict(loans(50, seed=44))).all()


def test_no_loan_gives_no_prediction(version: FittedVersion, loans: MakeLoans) -> None:
    assert version.predict(loans(1, seed=1)[:0]).shape == (0,)


def test_calibration_holds_the_level_of_the_validation_sample(version: FittedVersion, loans: MakeLoans) -> None:
    validation = loans(300, seed=2)
    assert version.predict(validation).mean() == pytest.approx(validation["label"].mean(), abs=0.01)


def test_importance_ranks_every_feature_once_and_names_the_signal(version: FittedVersion) -> None:
    importance = version.importance
    assert importance.columns == ["feature", "importance", "rank"]
    assert importance["rank"].to_list() == list(range(1, importance.height + 1))
    assert importance["importance"].sum() == pytest.approx(1)
    assert importance["importance"].is_sorted(descending=True)
    named = {*version.features, "clickstream_evidence"} - set(CLICKSTREAM_SUMS)
    named |= {name for name in version.transformer.design_features() if name in COMBINATIONS}
    assert set(importance["feature"]) == named
    # Of debt a tree says the same, and what both say is one characteristic on a card.
    assert set(importance["feature"][:2]) < {"outstanding_debt_amount", "combination_1", "clickstream_evidence"}


def test_the_reference_describes_the_validation_sample(version: FittedVersion, loans: MakeLoans) -> None:
    reference = Reference.from_json(version.reference)
    validation = loans(300, seed=2)
    assert reference.n == 300
    assert reference.mean_probability == pytest.approx(version.predict(validation).mean())
    names = {bins.name for bins in reference.features}
    assert {"fe_10", "outstanding_debt_amount", "credit_mix"} <= names
    assert not {CLICKSTREAM.months, *CLICKSTREAM_SUMS} & names


@pytest.mark.parametrize("column", ["outstanding_debt_amount", "credit_mix", "fe_10_sum", "n_clickstream_months"])
def test_a_missing_column_is_named_and_never_filled_in(
    version: FittedVersion, config: ModelConfig, loans: MakeLoans, column: str
) -> None:
    train, validation = loans(200, seed=51), loans(200, seed=52)
    with pytest.raises(TrainingError, match=rf"model {version.model}: its training sample lacks {column}"):
        fit_version(version.model, train.drop(column), validation, config, portfolio=LOANS)
    with pytest.raises(TrainingError, match=rf"its validation sample lacks {column}"):
        fit_version(version.model, train, validation.drop(column), config, portfolio=LOANS)
    with pytest.raises(ModelStoreError, match=rf"version 2024-01-01-abc: the features to score lack {column}"):
        replace(version, version="2024-01-01-abc").predict(validation.drop(column))


@pytest.mark.parametrize(
    ("n_train", "n_validation", "message"),
    [
        (99, 300, r"its training sample has 99 loans, \d+ of them bad; selection.min_samples asks for 100"),
        (300, 99, r"its validation sample has 99 loans, \d+ of them bad; selection.min_samples asks for 100"),
        (0, 300, r"its training sample has 0 loans, 0 of them bad"),
    ],
)
def test_too_few_loans_are_refused_with_their_number(
    *, model: str, config: ModelConfig, loans: MakeLoans, n_train: int, n_validation: int, message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        fit_version(model, loans(300, seed=1)[:n_train], loans(300, seed=2)[:n_validation], config, portfolio=LOANS)


@pytest.mark.parametrize(("label", "n_bad"), [(0, 0), (1, 200)])
def test_one_class_only_is_refused_with_the_counts(
    model: str, config: ModelConfig, loans: MakeLoans, label: int, n_bad: int
) -> None:
    flat = loans(200, seed=1).with_columns(pl.lit(label, dtype=pl.Int8).alias("label"))
    with pytest.raises(TrainingError, match=rf"has 200 loans, {n_bad} of them bad; a model needs both classes"):
        fit_version(model, flat, loans(200, seed=2), config, portfolio=LOANS)


def test_a_loan_without_a_label_is_refused(model: str, config: ModelConfig, loans: MakeLoans) -> None:
    train = loans(200, seed=1).with_columns(
        pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise(pl.col("label")).alias("label")
    )
    with pytest.raises(TrainingError, match="3 without a label"):
        fit_version(model, train, loans(200, seed=2), config, portfolio=LOANS)


def test_an_unknown_model_is_refused_with_the_known_ones(config: ModelConfig, loans: MakeLoans) -> None:
    with pytest.raises(TrainingError, match=r"model oracle: .*scorecard, gradient_boosting"):
        fit_version("oracle", loans(200, seed=1), loans(200, seed=2), config, portfolio=LOANS)


@pytest.mark.parametrize("lost", ["preprocessing.json", "calibrator.json", "features.json", "reference.json", "model"])
def test_a_lost_or_torn_file_is_named(version: FittedVersion, lost: str) -> None:
    files = version.artifacts()
    lost = version.estimator.file_name if lost == "model" else lost
    without = {name: content for name, content in files.items() if name != lost}
    with pytest.raises(ModelStoreError, match=rf"version v7: its files cannot be read back: KeyError: '{lost}'"):
        load_version(version.model, without, version="v7", portfolio=LOANS)
    if lost != "reference.json":
        with pytest.raises(ModelStoreError, match="cannot be read back"):
            load_version(version.model, files | {lost: files[lost][:20]}, portfolio=LOANS)


@pytest.mark.parametrize("file", ["features.json", "preprocessing.json"])
def test_files_that_have_the_features_in_another_order_are_refused(version: FittedVersion, file: str) -> None:
    files = version.artifacts()
    content = json.loads(files[file])
    lists = content["features"] if file == "features.json" else next(v for v in content.values() if isinstance(v, list))
    lists[0], lists[1] = lists[1], lists[0]
    with pytest.raises(
        ModelStoreError, match=r"design column 1 is of \w+ in features.json and of \w+ in preprocessing"
    ):
        load_version(version.model, files | {file: json.dumps(content).encode()}, portfolio=LOANS)


def test_a_preparation_with_other_columns_is_refused(version: FittedVersion) -> None:
    files = version.artifacts()
    described = json.loads(files["features.json"])
    described["design"].append(0)
    with pytest.raises(ModelStoreError, match=r"features\.json has \d+ design columns and preprocessing\.json \d+"):
        load_version(version.model, files | {"features.json": json.dumps(described).encode()}, portfolio=LOANS)


def test_a_version_never_reads_age_identifiers_or_the_outcome(version: FittedVersion) -> None:
    assert version.features == LOANS.features.columns
    assert {f"{channel}_sum" for channel in CHANNELS} < set(version.features)
    assert not {"age", "label", "loan_id", "customer_id", "snapshot_month"} & set(version.features)
