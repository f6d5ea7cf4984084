"""Samples for the scoring tests: made-up loans with a known signal, and the real book where it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from credit_platform.months import month_range
from credit_platform.policy.model_config import ModelConfig, ModelSpec
from credit_platform.portfolios.loans.features.catalogue import CHANNELS, CLICKSTREAM
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.scoring.training.samples import attach_labels
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials

MakeLoans = Callable[..., pl.DataFrame]

PLAIN = "plain_logistic_regression"


def make_loans(n: int, *, seed: int, month: date = date(2023, 6, 1), history: int = 6) -> pl.DataFrame:
    """Feature store rows with labels: debt and each month of fe_10 speak of default, the rest is noise."""
    random = np.random.default_rng(seed)
    bad = random.random(n) < 0.3
    columns: dict[str, pl.Series] = {}
    for name, dtype in FeatureStore.create_empty().schema.items():
        if dtype == pl.Float64:
            columns[name] = pl.Series(name, random.normal(50, 10, n))
        elif dtype == pl.Int32:
            columns[name] = pl.Series(name, random.integers(0, 9, n), dtype=pl.Int32)
        elif dtype == pl.Boolean:
            columns[name] = pl.Series(name, random.random(n) < 0.5)
    months = random.integers(1, history + 1, n) if history else np.zeros(n, dtype=np.int64)
    for channel in CHANNELS:
        shift = -60.0 * bad if channel == "fe_10" else 0.0
        sums = months * (100.0 + shift) + np.sqrt(months) * random.normal(0, 100, n)
        columns[f"{channel}_sum"] = pl.Series(sums)
        columns[f"{channel}_mean"] = pl.Series(sums / np.maximum(months, 1)) if history else pl.Series([None] * n)
    debt = pl.Series(np.where(bad, 1800.0, 1000.0) + random.normal(0, 800, n))
    salary = pl.Series(random.lognormal(8, 0.5, n))
    levels = {
        "occupation_group": ["Lawyer", "Teacher", "Mechanic", None],
        "credit_mix": ["Bad", "Good", "Standard", None],
        "spending_level": ["High", "Low", None],
        "payment_value_size": ["Small", "Large", None],
    }
    present = "attributes+clickstream+financials" if history else "attributes+financials"
    frame = pl.DataFrame(
        columns
        | {
            name: pl.Series([among[place] for place in random.integers(0, len(among), n)], dtype=pl.String)
            for name, among in levels.items()
        }
        | {
            "snapshot_month": pl.Series([month] * n, dtype=pl.Date),
            "loan_id": pl.Series([f"L{seed}_{row:05d}" for row in range(n)]),
            "customer_id": pl.Series([f"C{seed}_{row:05d}" for row in range(n)]),
            "n_clickstream_months": pl.Series(months, dtype=pl.Int32),
            "outstanding_debt_amount": debt,
            "monthly_inhand_salary_amount": pl.select(
                pl.when(pl.Series(random.random(n) < 0.1)).then(None).otherwise(salary)
            ).to_series(),
            "has_clickstream": pl.Series([history > 0] * n),
            "sources_present": pl.Series([present] * n),
            "label": pl.Series(bad.astype(np.int8)),
        }
    )
    return frame.select(*FeatureStore.column_names(), "label")


@pytest.fixture(scope="session")
def loans() -> MakeLoans:
    return make_loans


@pytest.fixture(scope="session")
def config() -> ModelConfig:
    """The shipped configuration, and beside its models a plain logistic regression, which stays an algorithm.

    Made-up samples are small and fitted as a year of loans is, so that their noise speaks too.
    """
    shipped = LOANS.load_policy().model
    models = {name: spec.model_copy(update={"regularisation": None}) for name, spec in shipped.models.items()}
    plain = ModelSpec(alias=PLAIN, algorithm="logistic_regression", params={"C": 1.0, "max_iter": 1000})
    return shipped.model_copy(update={"models": {**models, PLAIN: plain}})


@pytest.fixture(scope="session", params=["scorecard", "gradient_boosting", PLAIN])
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def version(model: str, config: ModelConfig) -> FittedVersion:
    return fit_version(model, make_loans(900, seed=1), make_loans(300, seed=2), config, portfolio=LOANS)


def _bronze(book: Path, source: str) -> pl.LazyFrame:
    return (
        pl.scan_csv(book / f"{source}.csv", infer_schema=False)
        .with_columns(
            snapshot_month=pl.col("snapshot_date").str.to_date("%Y-%m-%d").dt.truncate("1mo"),
            source_file=pl.lit(f"{source}.csv"),
        )
        .with_row_index("source_line", offset=2)
        .with_columns(pl.col("source_line").cast(pl.Int64))
    )


@pytest.fixture(scope="session")
def book_samples(real_book: Path, config: ModelConfig) -> Mapping[str, pl.DataFrame]:
    """The absolute split of the real book, and its first cohort without any clickstream as `without_clickstream`."""
    loan_rows = clean_loan_snapshots(_bronze(real_book, "lms_loan_daily")).rows.collect().lazy()
    features = build_feature_store(
        loan_rows,
        clean_attributes(_bronze(real_book, "features_attributes")).rows,
        clean_financials(_bronze(real_book, "features_financials")).rows,
        clean_clickstream(_bronze(real_book, "feature_clickstream")).rows,
        clickstream_months=config.features.history_months(CLICKSTREAM.name),
    ).collect()
    labels = LOANS.outcome.build(loan_rows, config.label)
    labelled = attach_labels(features.lazy(), labels, case_key=LOANS.cases.key).collect()
    windows = config.windows.absolute
    assert windows is not None
    spans = {role: getattr(windows, role) for role in ("train", "validation", "test", "oot")}
    samples = {
        role: labelled.filter(pl.col("snapshot_month").is_in(month_range(span.first, span.last)))
        for role, span in spans.items()
    }
    without = features.filter(pl.col("snapshot_month") == date(2024, 8, 1))
    return samples | {"without_clickstream": without}
