"""Tuning as people see it: a line in the run's log after every trial, and a table beside the version.

The search itself is `scoring.training.tuning`.
"""

import logging

from credit_platform.policy.model_spec import Parameter
from credit_platform.scoring.training.tuning import OnTrial, Trial, Tuning


def log_trials(log: logging.Logger) -> OnTrial:
    """Write every trial of several into the log; one trial alone is no search and nothing to wait for."""
    best: float | None = None

    def log_trial(trial: Trial) -> None:
        nonlocal best
        found = [auc for auc in (best, trial.validation_auc) if auc is not None and trial.number > 1]
        best = max(found) if found else trial.validation_auc
        if trial.of > 1:
            log.info(
                f"trial {trial.number} of {trial.of}: validation ROC-AUC {_number(trial.validation_auc)}, "
                f"best so far {_number(best)}"
            )

    return log_trial


def tuning_table(tuning: Tuning) -> str:
    """All trials as a Markdown table, the kept one marked."""
    names = list(tuning.trials[0].params)
    lines = [
        " | ".join(
            [
                f"| {trial.number}{' (kept)' if trial.number == tuning.kept else ''}",
                _number(trial.validation_auc),
                *(_shown(trial.params[name]) for name in names),
                "",
            ]
        ).rstrip()
        for trial in tuning.trials
    ]
    return "\n".join([f"| trial | validation ROC-AUC | {' | '.join(names)} |", f"|{'---|' * (len(names) + 2)}", *lines])


def _shown(value: Parameter) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _number(auc: float | None) -> str:
    return "undefined" if auc is None else f"{auc:.4f}"
