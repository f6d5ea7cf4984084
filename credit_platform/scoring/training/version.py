"""Fitting one version of a model, and reading it back from its files.

A fit sees the training and the validation sample and nothing else: what is fitted comes from training, what is chosen
or calibrated from validation. Windows, evaluation and promotion belong to modules of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.errors import ModelStoreError, TrainingError
from credit_platform.policy.model_config import ModelConfig, ModelSpec
from credit_platform.portfolios.loans.features.catalogue import CATEGORICAL_FEATURES, CHANNELS, NUMERIC_FEATURES
from credit_platform.scoring.estimators.calibration import UNCALIBRATED, PlattCalibrator, fit_platt
from credit_platform.scoring.estimators.contributions import (
    Contributions,
    calibrated_contributions,
    means_from_json,
    means_to_json,
)
from credit_platform.scoring.estimators.estimator import Design, FitTask, Learner
from credit_platform.scoring.training.algorithms import ALGORITHMS, algorithm_named
from credit_platform.scoring.training.expected_scores import scores_by_history
from credit_platform.scoring.training.rebalancing import rebalance
from credit_platform.scoring.training.samples import checked_sample
from credit_platform.scoring.training.tuning import OnTrial, Trial, Tuning, tune
from credit_platform.scoring.transformers.evidence import MONTHS, fit_evidence, with_dark_copies
from credit_platform.scoring.transformers.feature_order import features_document, require_same_order
from credit_platform.scoring.transformers.standardisation import MODEL_FEATURES, missing_columns
from credit_platform.scoring.transformers.transformer import Preparation, fit_preparation, load_preparation
from credit_platform.statistics.logistic import probability_of

FloatArray = NDArray[np.float64]

UNSTORED = "unstored"
# What the stability of later months is measured on: the channels' deviations, as sums and means change their spread
# with the length of history by design, and not the number of months itself, which moves by one every month.
REFERENCE_NUMBERS = (*(name for name in NUMERIC_FEATURES if name != MONTHS), *CHANNELS)


@dataclass(frozen=True)
class FittedVersion:
    """One version of a model: preprocessing, algorithm, calibrator and the frozen reference of later months.

    `mean_contributions` is what each feature adds on average over the validation sample, `tuning` what was tried.
    """

    model: str
    algorithm: str
    dtypes: Mapping[str, str]
    preparation: Preparation
    learner: Learner
    calibrator: PlattCalibrator
    reference: bytes
    mean_contributions: Mapping[str, float]
    tuning: Tuning
    version: str = UNSTORED

    @property
    def features(self) -> tuple[str, ...]:
        """Feature store columns the version reads."""
        return tuple(self.dtypes)

    @property
    def importance(self) -> pl.DataFrame:
        """One row per feature: `feature`, `importance` (share of the whole), `rank` (1 = most)."""
        features, place = np.unique(self.preparation.design_features(), return_inverse=True)
        weight = np.bincount(place, weights=self.learner.column_importance())
        share = weight / weight.sum() if weight.sum() > 0 else weight
        return (
            pl.DataFrame({"feature": features.tolist(), "importance": share})
            .sort(["importance", "feature"], descending=[True, False])
            .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32))
        )

    def raw_log_odds(self, features: pl.DataFrame) -> FloatArray:
        """Log-odds of default as the algorithm gives them, one per row.

        Raises:
            ModelStoreError: a column the version was trained on is missing.
        """
        return self.learner.log_odds(self._design(features))

    def log_odds(self, features: pl.DataFrame) -> FloatArray:
        """Calibrated log-odds of default, one per row. Raises as `raw_log_odds` does."""
        return self.calibrator.on_log_odds(self.raw_log_odds(features))

    def predict_raw(self, features: pl.DataFrame) -> FloatArray:
        """Probability as the algorithm gives it, one per row. Raises as `raw_log_odds` does."""
        return probability_of(self.raw_log_odds(features))

    def predict(self, features: pl.DataFrame) -> FloatArray:
        """Calibrated default probability, one per row. Raises as `raw_log_odds` does."""
        return probability_of(self.log_odds(features))

    def contributions(self, features: pl.DataFrame) -> Contributions:
        """What each feature adds to `log_odds` against the average loan, exactly. Raises as `raw_log_odds` does."""
        by_column = self.learner.contributions(self._design(features))
        parts = calibrated_contributions(by_column, self.preparation.design_features(), self.calibrator)
        return parts.counted_from(self.mean_contributions)

    def _design(self, features: pl.DataFrame) -> FloatArray:
        missing = missing_columns(features, self.features)
        if missing:
            raise ModelStoreError(
                model=self.model,
                version=self.version,
                reason=f"the features to score lack {', '.join(missing)}, which it was trained on",
                fix="Rebuild gold/feature_store, or score with a version trained without them.",
            )
        return self.preparation.design_matrix(features)

    def monitored(self, features: pl.DataFrame) -> pl.DataFrame:
        """The features as stability looks at them: with the clickstream channels as deviations beside them."""
        return features.with_columns(self.preparation.evidence.deviations(features).get_columns())

    def artifacts(self) -> dict[str, bytes]:
        """File name to content; the same fit gives the same bytes."""
        return {
            "preprocessing.json": self.preparation.to_json(),
            "calibrator.json": self.calibrator.to_json(),
            "features.json": features_document(self.algorithm, self.dtypes, self.preparation.design_features()),
            self.learner.file_name: self.learner.to_bytes(),
            "reference.json": self.reference,
            "mean_contributions.json": means_to_json(self.mean_contributions),
            "tuning.json": self.tuning.to_json(),
            **self.learner.exports(self.preparation),
        }


def reference_numbers(_features: object) -> tuple[str, ...]:
    """Interim."""
    return REFERENCE_NUMBERS


def unwatched(trial: Trial) -> None:
    """Shows nobody the progress of tuning."""


def fit_version(
    model: str, train: pl.DataFrame, validation: pl.DataFrame, config: ModelConfig, on_trial: OnTrial = unwatched
) -> FittedVersion:
    """Fit one model on feature store rows with their `label`. The order of the rows does not matter.

    `on_trial` is called after every trial of its tuning, of which there is one where nothing is tuned.

    Raises:
        TrainingError: the model is unknown, a column is missing, a sample is too small, has unlabelled loans or one
            class only, or the algorithm did not converge.
    """
    spec = _specification(model, config)
    algorithm = algorithm_named(spec.algorithm)
    train = checked_sample(model, "training", train, config.selection.min_samples)
    validation = checked_sample(model, "validation", validation, config.selection.min_samples)
    # Whole cohorts lose the clickstream, and a model that never met such loans has only learned how they do not look.
    # Shown every loan both ways it ranks them as well as one trained without the source, and the others no worse. What
    # is chosen and calibrated looks at the validation loans both ways for the same reason.
    shown = with_dark_copies(train)
    try:
        preparation = fit_preparation(algorithm.preparation, train, fit_evidence(train), spec.params)
    except ValueError as error:
        fix = "Correct params in model_config.yaml."
        raise TrainingError(model=model, reason=f"its params are refused: {error}", fix=fix) from error
    held_out = _design(preparation, with_dark_copies(validation))
    learner, tuning = tune(
        algorithm,
        rebalance(_design(preparation, shown), spec.rebalancing, seed=config.random_seed),
        held_out,
        n_bads=int(validation["label"].sum()),
        task=FitTask(model, spec, config.random_seed, tuple(preparation.design_features())),
        on_trial=on_trial,
    )
    calibrator = UNCALIBRATED
    if spec.calibration == "platt":
        calibrator = fit_platt(held_out.label, probability_of(learner.log_odds(held_out.values)))
    learner = learner.in_points(calibrator, config.scoring.scaling)
    fitted = FittedVersion(
        model=model,
        algorithm=spec.algorithm,
        dtypes={name: str(train.schema[name]) for name in MODEL_FEATURES},
        preparation=preparation,
        learner=learner,
        calibrator=calibrator,
        reference=b"",
        mean_contributions=calibrated_contributions(
            learner.contributions(preparation.design_matrix(validation)), preparation.design_features(), calibrator
        ).means(),
        tuning=tuning,
    )
    expected = scores_by_history(
        fitted.predict,
        preparation.evidence,
        pl.concat([train, validation]),
        validation,
        longest=config.features.history_months("clickstream"),
    )
    return replace(fitted, reference=_reference(validation, fitted, expected))


def _specification(model: str, config: ModelConfig) -> ModelSpec:
    spec = config.models.get(model)
    if spec is None:
        raise TrainingError(
            model=model,
            reason=f"model_config.yaml knows {', '.join(config.models)}",
            fix="Name one of these models, or add it to model_config.yaml.",
        )
    try:
        algorithm_named(spec.algorithm)
    except KeyError as error:
        fix = f"Correct models.{model}.algorithm in model_config.yaml."
        raise TrainingError(model=model, reason=str(error.args[0]), fix=fix) from error
    return spec


def load_version(
    model: str, artifacts: Mapping[str, bytes], *, algorithm: str | None = None, version: str = UNSTORED
) -> FittedVersion:
    """Read a version back from its files; predictions are equal to the last bit.

    `algorithm` is what policy names for the model. The files may name it or one of the platform's own and no other: a
    class is imported, and so run, because policy says so and never because a file does.

    Raises:
        ModelStoreError: a file is missing or cannot be read, names an algorithm that policy does not, or has the
            features in another order than another file.
    """
    try:
        described = json.loads(artifacts["features.json"])
        if described["algorithm"] not in {algorithm, *ALGORITHMS}:
            raise ModelStoreError(
                model=model,
                version=version,
                reason=f"its features.json names the algorithm {described['algorithm']!r}, which policy does not",
                fix=f"If you trust it, name it as models.{model}.algorithm in model_config.yaml, or train it again.",
            )
        learner = algorithm_named(described["algorithm"])
        preparation = load_preparation(learner.preparation, artifacts["preprocessing.json"])
        require_same_order(described, preparation.design_features())
        return FittedVersion(
            model=model,
            algorithm=described["algorithm"],
            dtypes={feature["name"]: feature["dtype"] for feature in described["features"]},
            preparation=preparation,
            learner=learner.from_bytes(artifacts[learner.file_name]),
            calibrator=PlattCalibrator.from_json(artifacts["calibrator.json"]),
            reference=artifacts["reference.json"],
            mean_contributions=means_from_json(artifacts["mean_contributions.json"]),
            tuning=Tuning.from_json(artifacts["tuning.json"]),
            version=version,
        )
    except (LookupError, TypeError, ValueError) as error:
        raise ModelStoreError(
            model=model,
            version=version,
            reason=f"its files cannot be read back: {type(error).__name__}: {error}",
            fix="Restore the version's folder, or train the month again.",
        ) from error


def is_restorable(fitted: FittedVersion, features: pl.DataFrame) -> bool:
    """Whether the version's files give it back with the same prediction, to the last bit, for every row."""
    try:
        restored = load_version(fitted.model, fitted.artifacts(), algorithm=fitted.algorithm)
    except ModelStoreError:
        return False
    return np.array_equal(fitted.predict(features), restored.predict(features))


def _design(preparation: Preparation, loans: pl.DataFrame) -> Design:
    return Design(preparation.design_matrix(loans), loans["label"].cast(pl.Int8).to_numpy())


def _reference(validation: pl.DataFrame, fitted: FittedVersion, by_history: Mapping[int, FloatArray]) -> bytes:
    """Distribution of features and default probability in frozen bins, as JSON.

    Of the validation sample, the newest the fit sees: the scores of the training sample, on which the model was fitted,
    are told apart better than those of any later loan.
    """
    from credit_platform.statistics.reference import fit_reference

    reference = fit_reference(
        fitted.monitored(validation),
        probability=fitted.predict(validation),
        numeric=REFERENCE_NUMBERS,
        categorical=CATEGORICAL_FEATURES,
        by_history=by_history,
    )
    return reference.to_json()
