from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.automation.follow_on import FirstPromotions, run_span, score_on_first_promotion
from credit_platform.automation.jobs import SCORE_MONTH, monthly_jobs
from credit_platform.automation.schedules import CLOSED_BY
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.partitions import MonthlyAxis
from credit_platform.portfolios.loans.portfolio import LOANS

MODELS = ("scorecard", "gradient_boosting")


@pytest.fixture
def lake(tmp_path: Path, axis: MonthlyAxis) -> Lake:
    """A book built until two months after the first training, with nothing promoted."""
    book = Lake.at(tmp_path, portfolio=LOANS)
    months = month_range(axis.first_snapshot, add_months(axis.first_training, 2))
    book.write("gold/feature_store", pl.DataFrame(schema={"snapshot_month": pl.Date}), months)
    return book


def promote(lake: Lake, model: str, axis: MonthlyAxis, version: str = "2024-12-01-a1") -> None:
    trained = axis.first_training
    record = PromotionRecord(
        model, version, trained, add_months(trained, 1), promoted=True, actor="ann", reasons=("ok",)
    )
    PromotionLog(lake.layout).append(record)


def tick(lake: Lake, axis: MonthlyAxis, *, is_automatic: bool = False) -> dg.RunRequest | str:
    sensor = score_on_first_promotion(
        axis,
        monthly_jobs(LOANS, MODELS)[SCORE_MONTH],
        FirstPromotions(lake, MODELS),
        "running",
        is_automatic=is_automatic,
    )
    with dg.build_sensor_context() as context:
        answer = sensor(context)
    if isinstance(answer, dg.SkipReason):
        return str(answer.skip_message)
    assert isinstance(answer, dg.RunRequest)
    return answer


def test_once_a_version_of_every_model_is_promoted_what_waited_is_scored_in_one_run(
    lake: Lake, axis: MonthlyAxis
) -> None:
    assert tick(lake, axis) == "nobody has promoted a version of scorecard, gradient_boosting yet"
    promote(lake, MODELS[1], axis)
    assert tick(lake, axis) == "nobody has promoted a version of scorecard yet"
    promote(lake, MODELS[0], axis)
    request = tick(lake, axis)
    assert isinstance(request, dg.RunRequest)
    assert run_span(dict(request.tags)) == (axis.first_scoring, date(2025, 2, 1))
    assert dict(request.tags).items() >= CLOSED_BY.items()
    again = tick(lake, axis)
    assert isinstance(again, dg.RunRequest)
    assert again.run_key == request.run_key == "score_on_first_promotion:2024-12-01-a1:2024-12-01-a1"


def test_a_later_promotion_and_scored_months_ask_for_nothing(lake: Lake, axis: MonthlyAxis) -> None:
    for model in MODELS:
        promote(lake, model, axis)
        promote(lake, model, axis, "2025-03-01-b2")
    request = tick(lake, axis)
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == "score_on_first_promotion:2024-12-01-a1:2024-12-01-a1"
    lake.write(f"prediction/{MODELS[0]}", pl.DataFrame(schema={"snapshot_month": pl.Date}), [axis.first_scoring])
    assert str(tick(lake, axis)).startswith("1 months of scorecard, 0 months of gradient_boosting are scored")


def test_where_policy_promotes_no_month_waits(lake: Lake, axis: MonthlyAxis) -> None:
    assert tick(lake, axis, is_automatic=True) == "promotion.auto_promote is on: no month waits for a person"
