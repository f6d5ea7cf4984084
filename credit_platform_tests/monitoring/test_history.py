from __future__ import annotations

from datetime import date

import duckdb
import polars as pl

from credit_platform.monitoring.history import HISTORY_SQL
from credit_platform.schemas.monitoring import MonitoringHistory
from credit_platform_tests.monitoring_rows import figures, subject


def _history(as_of: list[date]) -> pl.DataFrame:
    months = [date(2025, 1, 1), date(2025, 2, 1), date(2025, 4, 1)]
    models = ["gradient_boosting", "logistic_regression"]
    performance = pl.concat(
        figures({"roc_auc": 0.8 + month.month / 100}, at=subject(month=month, model=model))
        for month in months
        for model in models
    )
    scored = [figures({"psi": 0.1, "csi": 0.2, "null_rate": 0.0}, at=subject(month=month, lag=0)) for month in months]
    is_of_feature = pl.col("metric").is_in(["csi", "null_rate"])
    stability = pl.concat(scored).with_columns(
        segment=pl.when(is_of_feature).then(pl.lit("fe_1_sum")).otherwise("segment")
    )
    with duckdb.connect() as connection:
        connection.register("performance", performance.to_arrow())
        connection.register("stability", stability.to_arrow())
        connection.execute("create table as_of (snapshot_month date)")
        connection.executemany("insert into as_of values (?)", [[month] for month in as_of])
        return MonitoringHistory.validate(connection.sql(HISTORY_SQL).pl())


def test_every_month_looks_back_on_all_models_and_no_further_ahead_than_itself() -> None:
    history = _history([date(2025, 2, 1), date(2025, 4, 1)])
    auc = history.filter(metric="roc_auc").group_by("snapshot_month").len().sort("snapshot_month")
    assert auc.get_column("len").to_list() == [4, 6]
    assert history.columns == MonitoringHistory.column_names()


def test_the_change_is_against_the_month_before_and_not_across_a_gap() -> None:
    rows = _history([date(2025, 4, 1)]).filter(metric="roc_auc", model="gradient_boosting").sort("observed_month")
    assert rows.get_column("previous_value").to_list() == [None, 0.81, None]
    assert [change and round(change, 9) for change in rows.get_column("change")] == [None, 0.01, None]


def test_of_stability_only_whole_months_and_csi_are_kept() -> None:
    kept = _history([date(2025, 4, 1)]).filter(layer="stability")
    assert set(kept.get_column("metric")) == {"psi", "csi"}
