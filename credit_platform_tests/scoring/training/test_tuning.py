from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pytest
from typing_extensions import override

from credit_platform.policy.model_spec import ModelSpec, SearchRange, TuningPolicy
from credit_platform.scoring.estimators.estimator import Design, FitTask
from credit_platform.scoring.estimators.logistic_regression import LogisticRegressionEstimator
from credit_platform.scoring.training.tuning import Trial, Tuning, tune

POLICY = TuningPolicy(
    trials=6,
    min_validation_bads=20,
    space={"angle": SearchRange(low=0.0, high=3.0), "step": SearchRange(low=1, high=9)},
)
SPEC = ModelSpec(alias="m", algorithm="logistic_regression", params={"angle": 1.0, "step": 3}, tuning=POLICY)
TASK = FitTask("m", SPEC, 42, ("a", "b"))


@dataclass(frozen=True)
class Pointer(LogisticRegressionEstimator):
    """Ranks by one direction in the plane, which tuning has to find."""

    @classmethod
    @override
    def fit(cls, train: Design, validation: Design, *, task: FitTask) -> Self:
        angle = float(task.spec.params["angle"])
        return cls(0.0, (float(np.cos(angle)), float(np.sin(angle))), (1.0, 1.0))


def design(n: int, seed: int, angle: float = 2.0) -> Design:
    random = np.random.default_rng(seed)
    values = random.normal(size=(n, 2))
    odds = 2 * (values @ np.array([np.cos(angle), np.sin(angle)])) - 1
    return Design(values, (random.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int8))


def tuned(task: FitTask = TASK, validation: Design | None = None) -> tuple[list[Trial], Tuning, Pointer]:
    seen: list[Trial] = []
    shown = validation or design(400, 2)
    n_bads = int(shown.label.sum())
    estimator, tuning = tune(Pointer, design(50, 1), shown, n_bads=n_bads, task=task, on_trial=seen.append)
    assert isinstance(estimator, Pointer)
    return seen, tuning, estimator


def test_the_first_trial_is_what_is_configured_and_the_best_is_kept() -> None:
    seen, tuning, estimator = tuned()
    assert seen == list(tuning.trials)
    assert [(trial.number, trial.of) for trial in seen] == [(number, 6) for number in range(1, 7)]
    assert seen[0].params == {"angle": 1.0, "step": 3}
    auc = [trial.validation_auc or 0.0 for trial in seen]
    assert auc[tuning.kept - 1] == max(auc) > auc[0]
    assert estimator.coefficients[0] == np.cos(float(tuning.params["angle"]))


def test_trials_stay_in_their_ranges_and_whole_numbers_stay_whole() -> None:
    tried = [(trial.params["angle"], trial.params["step"]) for trial in tuned()[0]]
    assert {type(step) for _, step in tried} == {int}
    assert {step for _, step in tried} <= set(range(1, 10))
    assert all(0 <= float(angle) <= 3 for angle, _ in tried)
    # A search that stood still would stay in its ranges as well.
    assert len(set(tried)) == len(tried) == 6


def test_the_same_data_and_seed_try_the_same_and_another_seed_something_else() -> None:
    assert tuned()[1].to_json() == tuned()[1].to_json()
    assert tuned(replace(TASK, seed=7))[1] != tuned()[1]


def test_configured_parameters_outside_the_search_space_are_the_first_trial_all_the_same() -> None:
    outside = SPEC.model_copy(update={"params": {"angle": 5.0, "step": 3}})
    seen, tuning, _ = tuned(replace(TASK, spec=outside))
    assert seen[0].params["angle"] == 5.0
    assert all(float(trial.params["angle"]) <= 3 for trial in seen[1:])
    assert tuning.kept > 1


def test_a_tie_keeps_what_is_configured() -> None:
    one_column = design(400, 2)
    flat = Design(np.ones_like(one_column.values), one_column.label)
    assert tuned(validation=flat)[1].kept == 1


def test_with_too_few_bads_to_choose_by_the_configured_parameters_stand() -> None:
    few = design(400, 2)
    enough = int(few.label.sum())
    strict = SPEC.model_copy(update={"tuning": POLICY.model_copy(update={"min_validation_bads": enough + 1})})
    just = SPEC.model_copy(update={"tuning": POLICY.model_copy(update={"min_validation_bads": enough})})
    assert len(tuned(replace(TASK, spec=strict), few)[0]) == 1
    assert len(tuned(replace(TASK, spec=just), few)[0]) == 6


def test_a_model_that_is_not_tuned_has_one_trial_that_changes_nothing() -> None:
    _, tuning, _ = tuned(replace(TASK, spec=SPEC.model_copy(update={"tuning": None})))
    assert (len(tuning.trials), tuning.kept, tuning.params) == (1, 1, {})


def test_what_was_tried_reads_back() -> None:
    tuning = tuned()[1]
    assert Tuning.from_json(tuning.to_json()) == tuning


def test_importing_the_search_does_not_import_the_library() -> None:
    import subprocess
    import sys

    imports = "import sys, credit_platform.scoring.training.version"
    code = f"{imports}; sys.exit('optuna' in sys.modules or 'lightgbm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="low must be below high"):
        SearchRange(low=2, high=2)
    with pytest.raises(ValueError, match="low above 0"):
        SearchRange(low=0.0, high=2.0, log=True)
