"""How well defaults can be predicted from the external scores, from the applications and from all files."""

from __future__ import annotations

import lightgbm
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from credit_platform.portfolios.home_credit.generator.book import HomeCreditBook

Table = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Labels = np.ndarray[tuple[int], np.dtype[np.int64]]
SCORES = ("EXT_SOURCE_1", "EXT_SOURCE_2", "EXT_SOURCE_3")
KEY = "SK_ID_CURR"


@pytest.fixture(scope="module")
def large_book() -> HomeCreditBook:
    """20,000 applications with an outcome."""
    return HomeCreditBook(n_months=12, cases_per_month=2000, seed=42)


@pytest.fixture(scope="module")
def large_files(large_book: HomeCreditBook) -> dict[str, pl.DataFrame]:
    months = [large_book.rows(month) for month in large_book.months[:10]]
    return {name: pl.concat([month[name] for month in months]) for name in months[0]}


def number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64)


def cross_validated(features: Table, target: Labels) -> float:
    scores = np.zeros(target.size)
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(features, target):
        model = lightgbm.LGBMClassifier(
            n_estimators=150,
            learning_rate=0.05,
            num_leaves=15,
            min_child_samples=50,
            colsample_bytree=0.5,
            reg_lambda=5,
            verbose=-1,
            n_jobs=1,
            random_state=0,
        )
        model.fit(features[train], target[train])
        # The booster itself: the wrapper warns that an array has no names of columns.
        scores[test] = np.asarray(model.booster_.predict(features[test]))
    return float(roc_auc_score(target, scores))


def application_columns(files: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """All columns, texts as numbers in the order of the alphabet."""
    rows = files["application_train"].drop(KEY, "TARGET")
    is_number = {name: rows[name].drop_nulls().str.contains(r"^-?[\d.]+$").all() for name in rows.columns}
    return rows.select(
        number(name) if is_number[name] else pl.col(name).rank("dense").cast(pl.Float64) for name in rows.columns
    )


def histories(files: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Simple aggregates of every child file, one row per application."""
    debt, limit = number("AMT_CREDIT_SUM_DEBT"), number("AMT_CREDIT_LIMIT_ACTUAL")
    late = number("DAYS_ENTRY_PAYMENT") - number("DAYS_INSTALMENT")
    status = pl.col("STATUS").cast(pl.Int64, strict=False)
    months = files["bureau_balance"].join(files["bureau"].select(KEY, "SK_ID_BUREAU"), on="SK_ID_BUREAU")
    tables = [
        files["bureau"]
        .group_by(KEY)
        .agg(
            debt.sum().alias("debt"),
            number("DAYS_CREDIT").mean().alias("days_credit"),
            (number("AMT_CREDIT_MAX_OVERDUE") > 0).mean().alias("overdue"),
            (pl.col("CREDIT_ACTIVE") == "Active").sum().alias("active"),
        ),
        months.group_by(KEY).agg((status > 0).mean().alias("late_months"), status.max().alias("worst")),
        files["previous_application"]
        .group_by(KEY)
        .agg(
            (pl.col("NAME_CONTRACT_STATUS") == "Refused").mean().alias("refused"),
            number("DAYS_DECISION").max().alias("decided"),
        ),
        files["installments_payments"]
        .group_by(KEY)
        .agg(
            (late > 0).mean().alias("late"),
            late.clip(lower_bound=0).mean().alias("days_late"),
            late.mean().alias("days"),
        ),
        files["POS_CASH_balance"].group_by(KEY).agg((number("SK_DPD") > 0).mean().alias("pos_past_due")),
        files["credit_card_balance"]
        .group_by(KEY)
        .agg((number("AMT_BALANCE") / limit).filter(limit > 0).mean().alias("use")),
    ]
    joined = files["application_train"].select(KEY)
    for table in tables:
        joined = joined.join(table, on=KEY, how="left", maintain_order="left")
    return joined.drop(KEY)


@pytest.mark.slow
def test_histories_add_to_applications_and_those_to_external_scores(large_files: dict[str, pl.DataFrame]) -> None:
    target: Labels = large_files["application_train"]["TARGET"].cast(pl.Int64).to_numpy()
    applications = application_columns(large_files)
    everything = pl.concat([applications, histories(large_files)], how="horizontal")
    scores, own, all_tables = (
        cross_validated(frame.cast(pl.Float64).to_numpy(), target)
        for frame in (applications.select(SCORES), applications, everything)
    )
    assert 0.70 <= scores <= 0.74
    assert 0.74 <= own <= 0.77
    assert all_tables >= own + 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("column", "area"), [*zip(SCORES, (0.67, 0.68, 0.72), strict=True)])
def test_each_external_score_ranks_about_as_in_the_original(
    large_files: dict[str, pl.DataFrame], column: str, area: float
) -> None:
    known = large_files["application_train"].drop_nulls(column)
    area_here = roc_auc_score(known["TARGET"].cast(pl.Int64), -known[column].cast(pl.Float64))
    assert area_here == pytest.approx(area, abs=0.03)


@pytest.mark.slow
def test_the_true_probability_ranks_better_than_any_model_can(large_book: HomeCreditBook) -> None:
    truth = pl.concat([large_book.truth(month) for month in large_book.months])
    assert 0.82 < roc_auc_score(truth["is_bad"], truth["default_probability"]) < 0.88


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "worse", "better"),
    [
        ("CODE_GENDER", ("M", 0.101), ("F", 0.070)),
        ("NAME_EDUCATION_TYPE", ("Secondary / secondary special", 0.089), ("Higher education", 0.054)),
        ("NAME_FAMILY_STATUS", ("Civil marriage", 0.099), ("Married", 0.076)),
        ("REGION_RATING_CLIENT", ("3", 0.111), ("1", 0.048)),
    ],
)
def test_protected_and_other_groups_have_the_bad_rates_of_the_original(
    large_files: dict[str, pl.DataFrame], column: str, worse: tuple[str, float], better: tuple[str, float]
) -> None:
    rows = large_files["application_train"]
    found: list[tuple[float, float]] = []
    for value, rate in (worse, better):
        bad = rows.filter(pl.col(column) == value)["TARGET"].cast(pl.Float64).to_numpy()
        error = float(np.sqrt(rate * (1 - rate) / bad.size))
        assert bad.mean() == pytest.approx(rate, abs=3 * error), value
        found.append((float(bad.mean()), error))
    (high, first), (low, second) = found
    assert high - low > 3 * float(np.hypot(first, second))
