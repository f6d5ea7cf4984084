"""The algorithms a model may name in policy.

What each must offer is defined in `estimator`; each has a module of its own.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

from credit_platform.errors import TrainingError
from credit_platform.policy.characteristics import unfitting
from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.model_spec import ModelSpec
from credit_platform.portfolios.feature_set import COMBINATIONS, FeatureSet
from credit_platform.scoring.estimators.estimator import Estimator
from credit_platform.scoring.estimators.gradient_boosting import GradientBoostingEstimator
from credit_platform.scoring.estimators.logistic_regression import LogisticRegressionEstimator
from credit_platform.scoring.estimators.random_forest import RandomForestEstimator
from credit_platform.scoring.estimators.xgboost_trees import XGBoostEstimator
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator

ALGORITHMS: Mapping[str, type[Estimator]] = {
    "scorecard": ScorecardEstimator,
    "logistic_regression": LogisticRegressionEstimator,
    "gradient_boosting": GradientBoostingEstimator,
    "random_forest": RandomForestEstimator,
    "xgboost": XGBoostEstimator,
}


def algorithm_named(name: str) -> type[Estimator]:
    """The estimator of a name in `ALGORITHMS`, or of an address `package.module:ClassName`.

    Only names from policy may come here, never one read from a stored model: an address is imported, and so run.

    Raises:
        KeyError: there is no such algorithm, with a message that says what there is.
    """
    if name in ALGORITHMS:
        return ALGORITHMS[name]
    module, _, class_name = name.partition(":")
    try:
        found = getattr(import_module(module), class_name) if class_name else None
    except (ImportError, AttributeError) as error:
        message = f"{name} cannot be imported: {error}"
        raise KeyError(message) from error
    if not (isinstance(found, type) and issubclass(found, Estimator)):
        known = ", ".join(ALGORITHMS)
        message = f"{name} is neither one of {known} nor the address package.module:ClassName of an Estimator"
        raise KeyError(message)
    return found


def algorithm_of(model: str, config: ModelConfig, features: FeatureSet) -> tuple[ModelSpec, type[Estimator]]:
    """What policy says of a model of a book with these features, and the estimator it names.

    Raises:
        TrainingError: policy has no such model, names no algorithm for it, or sets something by hand that the
            algorithm or the features cannot have.
    """
    spec = config.models.get(model)
    if spec is None:
        raise TrainingError(
            model=model,
            reason=f"model_config.yaml has {', '.join(config.models)}",
            fix="Name one of these models, or add it to model_config.yaml.",
        )
    try:
        algorithm = algorithm_named(spec.algorithm)
    except KeyError as error:
        fix = f"Correct models.{model}.algorithm in model_config.yaml."
        raise TrainingError(model=model, reason=str(error.args[0]), fix=fix) from error
    for key, reason in _unfitting(spec, algorithm, features):
        fix = "Correct model_config.yaml, or leave it out."
        raise TrainingError(model=model, reason=f"models.{model}.characteristics{key} {reason}", fix=fix)
    return spec, algorithm


def _unfitting(spec: ModelSpec, algorithm: type[Estimator], features: FeatureSet) -> Iterator[tuple[str, str]]:
    """What is set by hand and would be passed over: its key, and why."""
    if spec.characteristics and algorithm.transformer != "weight_of_evidence":
        yield "", f"cannot be set: {spec.algorithm} has no bins; scorecard has"
    for feature, policy in spec.characteristics.items():
        if policy.use and not issubclass(algorithm, ScorecardEstimator):
            yield f".{feature}.use", f"cannot be set: {spec.algorithm} uses every feature; scorecard chooses"
    groups = [group.feature for group in features.evidence]
    faults = unfitting(
        spec.characteristics,
        known=features.explained,
        levels=features.categorical,
        evidence=groups,
        combinations=COMBINATIONS,
    )
    yield from ((f".{key}", reason) for key, reason in faults)
