from __future__ import annotations

from datetime import date

import duckdb
import polars as pl

from credit_platform.monitoring.measures import LAYERS, history_sql
from credit_platform.schemas.monitoring import MonitoringHistory
from credit_platform_tests.monitoring_rows import figures, subject


def _history(as_of: list[date]) -> pl.DataFrame:
    months = [date(2025, 1, 1), date(2025, 2, 1), date(2025, 4, 1)]
    models = ["gradient_boosting", "scorecard"]
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
    estimate = figures({"roc_auc": 0.82, "n": 500.0}, at=subject(month=months[1], lag=0), n_bad=None)
    backtest = figures({"roc_auc": -0.01}, at=subject(month=months[1])).with_columns(estimated=0.83)
    read_now, read_before = (
        figures({"bad_rate": 0.05}, at=subject(month=months[1], lag=lag)).with_columns(
            segment=pl.lit(segment), read_month=read_month, expected=0.04
        )
        for lag, segment, read_month in ((1, "first_payment_missed", months[1]), (2, "first_payment_missed", months[0]))
    )
    with duckdb.connect() as connection:
        views = {
            "performance": performance,
            "stability": stability,
            "estimate": estimate,
            "estimate_backtest": backtest,
            "early_reads": pl.concat([read_now, read_before, read_before.with_columns(segment=pl.lit("all_reads"))]),
        }
        assert set(views) == set(LAYERS)
        for name, view in views.items():
            connection.register(name, view.to_arrow())
        connection.execute("create table as_of (snapshot_month date)")
        connection.executemany("insert into as_of values (?)", [[month] for month in as_of])
        return MonitoringHistory.validate(connection.sql(history_sql(LAYERS)).pl())


def test_every_month_looks_back_on_all_models_and_no_further_ahead_than_itself() -> None:
    history = _history([date(2025, 2, 1), date(2025, 4, 1)])
    auc = history.filter(metric="roc_auc", layer="performance").group_by("snapshot_month").len().sort("snapshot_month")
    assert auc.get_column("len").to_list() == [4, 6]
    assert history.columns == MonitoringHistory.column_names()


def test_the_change_is_against_the_month_before_and_not_across_a_gap() -> None:
    history = _history([date(2025, 4, 1)]).filter(metric="roc_auc", model="gradient_boosting", layer="performance")
    rows = history.sort("observed_month")
    assert rows.get_column("previous_value").to_list() == [None, 0.81, None]
    assert [change and round(change, 9) for change in rows.get_column("change")] == [None, 0.01, None]


def test_of_stability_only_whole_months_and_csi_are_kept() -> None:
    kept = _history([date(2025, 4, 1)]).filter(layer="stability")
    assert set(kept.get_column("metric")) == {"psi", "csi"}


def test_what_was_known_before_the_outcome_is_kept_with_what_it_is_held_against() -> None:
    history = _history([date(2025, 4, 1)])
    reads = history.filter(layer="early_reads").sort("segment")
    assert reads.select("segment", "cohort", "expected").rows() == [
        ("all_reads", date(2024, 12, 1), 0.04),
        ("first_payment_missed", date(2025, 1, 1), 0.04),
    ]
    assert history.filter(layer="estimate_backtest").item(0, "expected") == 0.83
    assert history.filter(layer="estimate", metric="roc_auc").select("value", "expected").rows() == [(0.82, None)]
