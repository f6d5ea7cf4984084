"""The parameters of a fit: stricter on a small training sample, then better ones searched for on the validation sample.

A search is a fixed number of trials, the configured parameters first.

The search is Optuna's tree-structured Parzen estimator with the seed of policy, so the same data try the same trials.
What may be tried is policy; test and out-of-time cohorts are never used here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from credit_platform.policy.model_spec import ModelSpec, Parameter, SearchRange, TuningPolicy
from credit_platform.scoring.estimators.estimator import Design, Estimator, FitTask
from credit_platform.statistics.discrimination import roc_auc

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_LEAST_SHARE = 0.5  # of the bads that params are meant for; what a sample of fewer needs is a longer window
_RANDOM_TRIALS = 4  # before the search follows what it has seen; of a few trials ten, the library's own, would be all


@dataclass(frozen=True)
class Trial:
    """One attempt: its number (the configured parameters are 1), of how many, what it changed, and how it ranked."""

    number: int
    of: int
    params: Mapping[str, Parameter]
    validation_auc: float | None


OnTrial = Callable[[Trial], None]


def unwatched(trial: Trial) -> None:
    """Shows nobody the progress."""


@dataclass(frozen=True)
class Tuning:
    """Everything that was tried, and the number of the trial that was kept."""

    trials: tuple[Trial, ...]
    kept: int

    @property
    def params(self) -> Mapping[str, Parameter]:
        """What the kept trial sets."""
        return self.trials[self.kept - 1].params

    def to_json(self) -> bytes:
        """All trials as JSON."""
        return json.dumps({"kept": self.kept, "trials": [asdict(trial) for trial in self.trials]}, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Tuning:
        """Read what `to_json` wrote."""
        read = json.loads(text)
        return cls(tuple(Trial(**trial) for trial in read["trials"]), int(read["kept"]))


def regularised(spec: ModelSpec, n_bads: int) -> ModelSpec:
    """The model as it is fitted on a training sample of so many bads; whole numbers stay whole and above 0."""
    policy = spec.regularisation
    if policy is None or n_bads >= policy.full_bads:
        return spec
    share = max(_LEAST_SHARE, n_bads / policy.full_bads)
    scaled: dict[str, Parameter] = {}
    for name, factor in (dict.fromkeys(policy.raised, 1 / share) | dict.fromkeys(policy.lowered, share)).items():
        value = spec.params[name]
        if not isinstance(value, (bool, str)):
            scaled[name] = max(1, round(value * factor)) if isinstance(value, int) else value * factor
    return _with(spec, scaled)


def tune(
    algorithm: type[Estimator], train: Design, validation: Design, *, n_bads: int, task: FitTask, on_trial: OnTrial
) -> tuple[Estimator, Tuning]:
    """Fit with the configured parameters, then with others from the search space; keep the best on validation.

    A later trial is kept only if it ranks better than all before it, so tuning never makes validation worse. Where the
    model is not tuned, or validation has too few bads to choose by, the configured parameters are the one trial.

    Args:
        algorithm: What is fitted.
        train: The training loans.
        validation: The validation loans, as often as they are shown.
        n_bads: Bads among them, each counted once.
        task: The model as configured.
        on_trial: Called after every trial, for people who wait.

    Raises:
        TrainingError: a parameter is refused, or a fit did not converge.
    """
    spec, policy = task.spec, task.spec.tuning
    enough = policy is not None and n_bads >= policy.min_validation_bads
    n_trials = policy.trials if policy is not None and enough else 1
    params: Mapping[str, Parameter] = {name: spec.params[name] for name in policy.space} if policy else {}
    search = _Search(policy, task.seed) if policy is not None and n_trials > 1 else None
    trials: list[Trial] = []
    estimators: list[Estimator] = []
    best, kept = -1.0, 0
    for number in range(1, n_trials + 1):
        if search is not None and number > 1:
            params = search.next_params()
        estimator = algorithm.fit(train, validation, task=replace(task, spec=_with(spec, params)))
        auc = roc_auc(validation.label, estimator.log_odds(validation.values))
        trials.append(Trial(number, n_trials, params, auc))
        estimators.append(estimator)
        on_trial(trials[-1])
        value = 0.0 if auc is None else auc
        if search is not None:
            search.learn(params, value)
        if value > best:
            best, kept = value, number
    return estimators[kept - 1], Tuning(tuple(trials), kept)


def _with(spec: ModelSpec, params: Mapping[str, Parameter]) -> ModelSpec:
    return spec.model_copy(update={"params": {**spec.params, **params}})


class _Search:
    """Proposes parameters and learns how they did; trials proposed elsewhere count like its own."""

    def __init__(self, policy: TuningPolicy, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = policy.space
        self._distributions = {name: _distribution(tried) for name, tried in policy.space.items()}
        self._study = optuna.create_study(
            direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=_RANDOM_TRIALS)
        )
        self._asked: optuna.Trial | None = None

    def next_params(self) -> Mapping[str, Parameter]:
        self._asked = self._study.ask(self._distributions)
        return dict(self._asked.params)

    def learn(self, params: Mapping[str, Parameter], value: float) -> None:
        import optuna

        if self._asked is not None:
            self._study.tell(self._asked, value)
        elif all(tried.holds(params[name]) for name, tried in self._space.items()):
            tried = optuna.trial.create_trial(params=dict(params), distributions=dict(self._distributions), value=value)
            self._study.add_trial(tried)


def _distribution(tried: SearchRange) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    if isinstance(tried.low, int) and isinstance(tried.high, int):
        return IntDistribution(tried.low, tried.high, log=tried.log)
    return FloatDistribution(float(tried.low), float(tried.high), log=tried.log)
