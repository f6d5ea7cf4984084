"""The table of open cohorts on the dashboard: early performance, of loans by their sources where that was tested."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from credit_platform.months import add_months
from credit_platform.reports.dashboard.overview import Overview
from credit_platform.reports.dashboard.signals import signal_sections
from credit_platform.reports.figures.early_performance import reads_of
from credit_platform_tests.monitoring_rows import figures, subject

READ = "dpd_30_at_mob_4"
TESTED, UNTESTED = f"{READ} with financials+web", f"{READ} with no source"


def test_segments_by_sources_are_shown_where_they_were_tested_and_are_no_early_label(seen: Overview) -> None:
    month, model = seen.snapshot_month, next(iter(seen.names))
    at = subject(month=month, model=model, lag=4)
    rows = pl.concat(
        figures(values, at=at).with_columns(
            segment=pl.lit(segment), p_value=pl.lit(p_value, pl.Float64), expected=pl.lit(expected, pl.Float64)
        )
        for segment, p_value, expected, values in (
            (READ, None, None, {"roc_auc": 0.81, "bad_rate": 0.1}),
            (TESTED, 0.2, 0.9, {"roc_auc": 0.89}),
            (UNTESTED, None, None, {"roc_auc": 0.71}),
            ("all_reads", 0.2, 0.9, {"roc_auc": 0.89}),
        )
    ).with_columns(read_month=pl.lit(month), mob=pl.lit(4, pl.Int32))
    history = rows.select(pl.col(name) for name in rows.columns if name in seen.history.columns).with_columns(
        layer=pl.lit("early_reads"), observed_month=pl.lit(month)
    )
    shown = replace(seen, early_reads=rows, history=pl.concat([seen.history, history], how="diagonal_relaxed"))
    assert reads_of(shown.known) == [READ]
    content = next(section.content for section in signal_sections(shown) if section.anchor == "early_reads_section")
    table = content[content.rindex("<table") :]
    assert f"{add_months(month, -4):%Y-%m}" in table
    assert "30+ days at month 4" in table
    for value, figure in (("0.8100", ""), ("0.8900", ", with financials+web")):
        assert f"ROC-AUC, {seen.short_names[model]}{figure}<" in table
        assert value in table
    assert "0.7100" not in table
    assert "no source" not in content
