"""Training one model as of one month: read, fit, measure.

The order is the point: test and out-of-time cohorts are read only after the model is final. What becomes of the version
is decided in `registration`; fitting and metrics are written in `scoring`, the Dagster assets in `models`.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from credit_platform.assets.models.registration import Developed, Samples, TrainingOutcome, register
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_key
from credit_platform.policy.load import Policy
from credit_platform.scoring.evaluation.evaluation import evaluate_version
from credit_platform.scoring.training.samples import attach_labels
from credit_platform.scoring.training.tuning import OnTrial
from credit_platform.scoring.training.version import fit_version, unwatched
from credit_platform.scoring.training.windows import SampleRole, windows_for


def is_triggered(lake: Lake, model: str, month: date) -> bool:
    """Whether the month's action asks for retraining, so that the short windows apply.

    Read from the lake and not declared as an edge: the action depends on predictions, which depend on models. The first
    version is acted on in its own month; that is no reason to train it otherwise when the month is run again.
    """
    table = f"monitoring/{model}/action"
    if not lake.has(table, month):
        return False
    is_about_an_earlier_version = ~pl.col("model_version").str.starts_with(month_key(month))
    asked = (pl.col("action") == "retrain") & pl.col("actionable") & is_about_an_earlier_version
    return lake.scan(table, [month]).filter(asked).collect().height > 0


def read_cohorts(lake: Lake, cohorts: Sequence[date], *, lag: int) -> pl.DataFrame:
    """Features and labels of some cohorts.

    Raises:
        MissingMonthsError: a cohort's features, or the labels read `lag` months later, have no file.
    """
    features = lake.scan("gold/feature_store", cohorts)
    labels = lake.scan("gold/label_store", [add_months(cohort, lag) for cohort in cohorts])
    return attach_labels(features, labels, case_key=lake.layout.portfolio.cases.key).collect()


def train_as_of(lake: Lake, model: str, month: date, policy: Policy, on_trial: OnTrial = unwatched) -> TrainingOutcome:
    """Train a model as of a month, store the version, and record whether it goes into production.

    `on_trial` is called after every trial of the tuning.

    Raises:
        WindowError: the windows do not fit before the month.
        MissingMonthsError: a month of a window was never built.
        TrainingError: the sample is too small or has one class only.
    """
    config = policy.model
    lag = config.label.lag_months
    triggered = is_triggered(lake, model, month)
    windows = windows_for(month, config, triggered=triggered)
    train, validation = (read_cohorts(lake, cohorts, lag=lag) for cohorts in (windows.train, windows.validation))
    fitted = fit_version(model, train, validation, config, on_trial, portfolio=lake.layout.portfolio)

    held_out: dict[SampleRole, tuple[date, ...]] = {"test": windows.test, "oot": windows.oot}
    samples: Samples = {"train": train, "validation": validation}
    samples |= {role: read_cohorts(lake, cohorts, lag=lag) for role, cohorts in held_out.items()}
    developed = Developed(
        month=month,
        windows=windows,
        kind="triggered" if triggered else config.windows.mode,
        fitted=fitted,
        samples=samples,
        evaluation=evaluate_version(fitted, samples, config=config),
    )
    return register(lake, developed, policy)
