"""Fitting one version of a model, and reading it back from its files.

A fit sees the training and the validation sample and nothing else: what is fitted comes from training, what is chosen
or calibrated from validation. Windows, evaluation and promotion belong to modules of their own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.errors import ModelStoreError, TrainingError
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.previous_release import accepted
from credit_platform.scoring.estimators.estimator import (
    UNCALIBRATED,
    Contributions,
    Design,
    Estimator,
    FitTask,
    calibrated_contributions,
    fit_platt,
)
from credit_platform.scoring.evaluation.metrics import tuned_cut_off
from credit_platform.scoring.training.algorithms import ALGORITHMS, algorithm_named, algorithm_of
from credit_platform.scoring.training.average_loans import AverageLoans
from credit_platform.scoring.training.expected_scores import development_reference
from credit_platform.scoring.training.samples import by_sources_present, checked_sample, rebalance
from credit_platform.scoring.training.source_calibration import SourceCalibrator, sources_known
from credit_platform.scoring.training.tuning import OnTrial, Tuning, regularised, tune, unwatched
from credit_platform.scoring.transformers.evidence import with_copies_without_history
from credit_platform.scoring.transformers.transformer import (
    Transformer,
    features_document,
    fit_transformer,
    load_transformer,
    missing_columns,
    model_columns,
    require_same_order,
)
from credit_platform.statistics.calibration import probability_of

FloatArray = NDArray[np.float64]

UNSTORED = "unstored"


class DesignedCases(NamedTuple):
    """Cases as a version reads them: (cases, design columns), and the sources of each."""

    matrix: FloatArray
    sources: pl.Series


@dataclass(frozen=True)
class FittedVersion:
    """One version of a model: transformer, estimator, calibrator and the frozen reference of later months.

    `average_loans` are what contributions are counted from, `tuning` what was tried.
    """

    model: str
    portfolio: Portfolio
    algorithm: str
    dtypes: Mapping[str, str]
    transformer: Transformer
    estimator: Estimator
    calibrator: SourceCalibrator
    average_loans: AverageLoans
    reference: bytes
    tuning: Tuning
    version: str = UNSTORED

    @property
    def features(self) -> tuple[str, ...]:
        """Feature store columns the version reads."""
        return tuple(self.dtypes)

    @property
    def history(self) -> str | None:
        """Column with the months of history that the reference expects scores by; None without an evidence group."""
        return next((group.months for group in self.portfolio.features.evidence), None)

    @property
    def importance(self) -> pl.DataFrame:
        """One row per feature: `feature`, `importance` (share of the whole), `rank` (1 = most)."""
        features, place = np.unique(self.transformer.design_features(), return_inverse=True)
        weight = np.bincount(place, weights=self.estimator.column_importance())
        share = weight / weight.sum() if weight.sum() > 0 else weight
        return (
            pl.DataFrame({"feature": features.tolist(), "importance": share})
            .sort(["importance", "feature"], descending=[True, False])
            .with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32))
        )

    def raw_log_odds(self, features: pl.DataFrame) -> FloatArray:
        """Log-odds of default as the algorithm gives them, one per row. Raises as `design` does."""
        return self.estimator.log_odds(self.designed(features).matrix)

    def log_odds(self, features: pl.DataFrame) -> FloatArray:
        """Calibrated log-odds of default, one per row. Raises as `raw_log_odds` does."""
        designed = self.designed(features)
        return self.calibrated(self.estimator.log_odds(designed.matrix), designed)

    def calibrated(self, raw: FloatArray, designed: DesignedCases) -> FloatArray:
        """Calibrated log-odds for the raw ones of these rows."""
        return self.calibrator.lines(designed.sources).on_log_odds(raw)

    def predict_raw(self, features: pl.DataFrame) -> FloatArray:
        """Probability as the algorithm gives it, one per row. Raises as `raw_log_odds` does."""
        return probability_of(self.raw_log_odds(features))

    def predict(self, features: pl.DataFrame) -> FloatArray:
        """Calibrated default probability, one per row. Raises as `raw_log_odds` does."""
        return probability_of(self.log_odds(features))

    def parts(self, features: pl.DataFrame, designed: DesignedCases | None = None) -> Contributions:
        """What each feature adds to `log_odds` from the algorithm's own zero; `designed` where it is there already."""
        known = designed or self.designed(features)
        lines = self.calibrator.lines(known.sources)
        return calibrated_contributions(
            self.estimator.contributions(known.matrix), self.transformer.design_features(), lines
        )

    def contributions(self, features: pl.DataFrame, designed: DesignedCases | None = None) -> Contributions:
        """What each feature adds to `log_odds` against the average loan, exactly. As `parts` otherwise."""
        parts = self.parts(features, known := designed or self.designed(features))
        return parts.counted_from(self.average_loans.shift(known.sources, parts.features))

    def cut_off(self, config: ModelConfig) -> float:
        """The default probability from which on it declines: policy's number, or its own where policy says `tuned`.

        Raises:
            ModelStoreError: policy says `tuned`, and it was stored by a release that did not write down a cut-off.
        """
        found = config.scoring.cut_off or self.average_loans.cut_off
        if found is None:
            reason = "scoring.cut_off is tuned, and the version was stored without a cut-off of its own"
            fix = "Train it again, or give scoring.cut_off as a number in model_config.yaml."
            raise ModelStoreError(model=self.model, version=self.version, reason=reason, fix=fix)
        return found

    def designed(self, features: pl.DataFrame) -> DesignedCases:
        """What the algorithm and its calibrator read. Raises ModelStoreError where a column is missing."""
        told = ("sources_present",) if self.portfolio.features.source_flags else ()
        missing = missing_columns(features, (*self.features, *told))
        if missing:
            reason = f"the features to score lack {', '.join(missing)}, which it was trained on"
            fix = "Rebuild gold/feature_store, or score with a version trained without them."
            raise ModelStoreError(model=self.model, version=self.version, reason=reason, fix=fix)
        matrix = self.transformer.design_matrix(features)
        return DesignedCases(matrix, sources_known(features, self.portfolio.features))

    def monitored(self, features: pl.DataFrame) -> pl.DataFrame:
        """The features as stability looks at them: with the channels of each group as deviations beside them."""
        deviations = [one.deviations(features).get_columns() for one in self.transformer.evidence]
        return features.with_columns(column for columns in deviations for column in columns)

    def artifacts(self) -> dict[str, bytes]:
        """File name to content; the same fit gives the same bytes."""
        return {
            "preprocessing.json": self.transformer.to_json(),
            "calibrator.json": self.calibrator.to_json(),
            "features.json": features_document(self.algorithm, self.dtypes, self.transformer.design_features()),
            self.estimator.file_name: self.estimator.to_bytes(),
            "reference.json": self.reference,
            "mean_contributions.json": self.average_loans.to_json(),
            "tuning.json": self.tuning.to_json(),
            **accepted(self.estimator.exports, self.transformer, self.portfolio.cases.key),
        }


def fit_version(
    model: str,
    train: pl.DataFrame,
    validation: pl.DataFrame,
    config: ModelConfig,
    on_trial: OnTrial = unwatched,
    *,
    portfolio: Portfolio,
) -> FittedVersion:
    """Fit one model on feature store rows of a book with their `label`. The order of the rows does not matter.

    `on_trial` is called after every trial of its tuning, of which there is one where nothing is tuned.

    Raises:
        TrainingError: the model is unknown, a column is missing, a sample is too small, has unlabelled loans or one
            class only, or the algorithm did not converge.
    """
    features, (spec, algorithm) = portfolio.features, algorithm_of(model, config, portfolio.features)
    train = checked_sample(model, "training", train, config.selection.min_samples, portfolio)
    validation = checked_sample(model, "validation", validation, config.selection.min_samples, portfolio)
    spec = regularised(spec, int(train["label"].sum()))
    # A source of history may fail for whole cohorts, and a model that was not trained on such loans ranks them badly.
    # Trained on every loan with and without its history it ranks them as well as a model without the source, and the
    # others no worse. For the same reason the validation loans are used both ways to choose and to calibrate.
    shown = with_copies_without_history(train, features.evidence)
    try:
        transformer = fit_transformer(algorithm.transformer, train, features, spec.params, spec.characteristics)
    except ValueError as error:
        fix = "Correct params in model_config.yaml."
        raise TrainingError(model=model, reason=f"its params are refused: {error}", fix=fix) from error
    evidence, directions = tuple(one.feature for one in transformer.evidence), features.split_directions
    held_out = _design(transformer, with_copies_without_history(validation, features.evidence))
    estimator, tuning = tune(
        algorithm,
        rebalance(_design(transformer, shown), spec.rebalancing, spec.rebalancing_shares, seed=config.random_seed),
        held_out,
        n_bads=int(validation["label"].sum()),
        task=FitTask(model, spec, config.random_seed, tuple(transformer.design_features()), evidence, directions),
        on_trial=on_trial,
    )
    calibrator = UNCALIBRATED
    if spec.calibration == "platt":
        calibrator = fit_platt(held_out.label, probability_of(estimator.log_odds(held_out.values)))
    estimator = estimator.in_points(calibrator, config.scoring.scaling)
    fitted = FittedVersion(
        model=model,
        portfolio=portfolio,
        algorithm=spec.algorithm,
        dtypes={name: str(train.schema[name]) for name in model_columns(features)},
        transformer=transformer,
        estimator=estimator,
        calibrator=SourceCalibrator(calibrator),
        average_loans=AverageLoans({}),
        reference=b"",
        tuning=tuning,
    )
    by_sources = by_sources_present(validation, features)
    if spec.calibration == "platt" and estimator.has_lines_by_sources:
        fitted = replace(fitted, calibrator=SourceCalibrator.fit(calibrator, fitted.raw_log_odds, by_sources))
    label, primary = validation["label"].cast(pl.Int8).to_numpy(), config.selection.primary
    cut_off = config.scoring.cut_off or tuned_cut_off(label, fitted.predict(validation), primary)
    average_loans = AverageLoans.fit(fitted.parts, by_sources or {"": validation}, cut_off=cut_off)
    fitted = replace(fitted, average_loans=average_loans)
    reference = development_reference(
        fitted.predict,
        fitted.monitored,
        pl.concat([train, validation]),
        validation,
        by_sources=by_sources,
        evidence=transformer.evidence,
        features=features,
        longest=config.features.history_months,
    )
    return replace(fitted, reference=reference)


def load_version(
    model: str,
    artifacts: Mapping[str, bytes],
    *,
    portfolio: Portfolio,
    algorithm: str | None = None,
    version: str = UNSTORED,
) -> FittedVersion:
    """Read a version of a book back from its files; predictions are equal to the last bit.

    `algorithm` is what policy names for the model. The files may name it or one of the platform's own and no other: a
    class is imported, and so run, because policy says so and never because a file does.

    Raises:
        ModelStoreError: a file is missing or cannot be read, names an algorithm that policy does not, or has the
            features in another order than another file.
    """
    try:
        described = json.loads(artifacts["features.json"])
        if described["algorithm"] not in {algorithm, *ALGORITHMS}:
            reason = f"its features.json names the algorithm {described['algorithm']!r}, which policy does not"
            fix = f"If you trust it, name it as models.{model}.algorithm in model_config.yaml, or train it again."
            raise ModelStoreError(model=model, version=version, reason=reason, fix=fix)
        estimator = algorithm_named(described["algorithm"])
        transformer = load_transformer(estimator.transformer, artifacts["preprocessing.json"], portfolio.features)
        require_same_order(described, transformer.design_features())
        return FittedVersion(
            model=model,
            portfolio=portfolio,
            algorithm=described["algorithm"],
            dtypes={feature["name"]: feature["dtype"] for feature in described["features"]},
            transformer=transformer,
            estimator=estimator.from_bytes(artifacts[estimator.file_name]),
            calibrator=SourceCalibrator.from_json(artifacts["calibrator.json"]),
            average_loans=AverageLoans.from_json(artifacts["mean_contributions.json"]),
            reference=artifacts["reference.json"],
            tuning=Tuning.from_json(artifacts["tuning.json"]),
            version=version,
        )
    except (LookupError, TypeError, ValueError) as error:
        reason = f"its files cannot be read back: {type(error).__name__}: {error}"
        fix = "Restore the version's folder, or train the month again."
        raise ModelStoreError(model=model, version=version, reason=reason, fix=fix) from error


def _design(transformer: Transformer, loans: pl.DataFrame) -> Design:
    return Design(transformer.design_matrix(loans), loans["label"].cast(pl.Int8).to_numpy())
