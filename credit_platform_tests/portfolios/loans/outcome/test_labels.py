from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.portfolios.loans.gold import LabelStore
from credit_platform.portfolios.loans.outcome.labels import label_loans


def snapshot(loan: str, mob: int, dpd: int, month: date = date(2023, 7, 1)) -> dict[str, object]:
    return {"loan_id": loan, "customer_id": loan, "snapshot_month": month, "mob": mob, "dpd": dpd}


SCHEMA = {"loan_id": pl.String, "customer_id": pl.String, "snapshot_month": pl.Date, "mob": pl.Int32, "dpd": pl.Int32}


def labels(*rows: dict[str, object], threshold: int = 30) -> pl.DataFrame:
    frame = pl.LazyFrame(list(rows), schema=SCHEMA)
    return LabelStore.validate(label_loans(frame, dpd_threshold=threshold, mob=6, label_def="30dpd_6mob").collect())


@pytest.mark.parametrize(("dpd", "label"), [(0, 0), (29, 0), (30, 1), (61, 1)])
def test_the_threshold_itself_is_a_default(dpd: int, label: int) -> None:
    assert labels(snapshot("A", 6, dpd))["label"].to_list() == [label]


def test_only_loans_at_exactly_the_label_month_are_labelled() -> None:
    labelled = labels(snapshot("C", 6, 0), snapshot("A", 5, 90), snapshot("B", 7, 90))
    assert labelled.rows() == [("C", "C", 0, "30dpd_6mob", 0, date(2023, 1, 1), date(2023, 7, 1))]


def test_a_month_without_mature_loans_is_empty_and_typed() -> None:
    assert labels(snapshot("A", 5, 90)).is_empty()


def test_an_outcome_cannot_precede_its_features() -> None:
    wrong = labels(snapshot("A", 6, 0)).with_columns(cohort=pl.col("snapshot_month"))
    assert not LabelStore.is_valid(wrong)
