"""Figures that set models, or groups of applicants, beside each other in the newest month with outcomes.

Trends of one model belong in `figures`; the comparison on the same loans in full, in `reports/champion_challenger`.
"""

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.reports.figures.model_months import rows_of
from credit_platform.reports.figures.panels import Figure, Mark, Panels
from credit_platform.reports.wording import BLUE, GREEN, GREY, ORANGE, VERMILION, metric_name

SUMMARY = ("roc_auc", "accuracy", "f1_score", "precision", "recall", "bad_rate")
MODEL_COLOURS = (BLUE, ORANGE, GREEN, GREY)
_APART = timedelta(days=3)  # models stand beside each other, so that their intervals do not hide


def latest_metrics(history: pl.DataFrame, *, names: Mapping[str, str], thresholds: MonitoringThresholds) -> Figure:
    """The metrics of each model's newest cohort with outcomes, with intervals and, as short lines, both floors."""
    panels = Panels([""])
    known = [metric for metric in SUMMARY if not history.filter(layer="performance", metric=metric).is_empty()]
    places = {metric: place for place, metric in enumerate(known)}
    n = len(names)
    for order, (model, colour) in enumerate(zip(names, MODEL_COLOURS, strict=False)):
        rows = pl.concat(
            [rows_of(history, model=model, layer="performance", metric=metric).tail(1) for metric in known]
            or [history.clear()]
        )
        shift = (order - (n - 1) / 2) * 0.18
        panels.add_series(
            0,
            [places[metric] + shift for metric in rows["metric"].to_list()],
            rows["value"].to_list(),
            Mark(names[model], colour, mode="markers", size=11),
            facts=[
                (metric_name(row["metric"]), f"{row['cohort']:%Y-%m}", row["n"], row["n_bad"], row["status"])
                for row in rows.iter_rows(named=True)
            ],
            hover="%{customdata[0]}: %{y:.4f}<br>cohort %{customdata[1]}, n %{customdata[2]}, bads %{customdata[3]}"
            "<br>%{customdata[4]}",
            errors=_errors(rows),
        )
        _add_floors(panels, model, places, shift, thresholds)
    panels.across(
        tickvals=list(places.values()), ticktext=[metric_name(m) for m in places], range=[-0.5, len(places) - 0.5]
    )
    return panels.figure(height=380)


def _add_floors(
    panels: Panels, model: str, places: Mapping[str, int], shift: float, thresholds: MonitoringThresholds
) -> None:
    floors = {metric: floor for metric, floor in thresholds.metrics_for(model).items() if metric in places}
    levels = (
        ("data-science threshold", ORANGE, {metric: floor.data_science_threshold for metric, floor in floors.items()}),
        ("business threshold", VERMILION, {metric: floor.business_threshold for metric, floor in floors.items()}),
    )
    for name, colour, found in levels:
        panels.add_series(
            0,
            [places[metric] + shift for metric in found],
            list(found.values()),
            Mark(name, colour, mode="markers", size=16),
            symbols=["line-ew"] * len(found),
            facts=[(name,)] * len(found),
            hover="%{customdata[0]} %{y:g}<extra></extra>",
        )


def ranking_side_by_side(
    history: pl.DataFrame, compared: pl.DataFrame, *, names: Mapping[str, str], cases: str
) -> Figure:
    """ROC-AUC of all models by outcome month; beside it the difference on the same cases, by cohort.

    Args:
        history: Rows of `schemas.monitoring.MonitoringHistory`.
        compared: Rows of `schemas.champion_challenger.ChampionChallenger` of one month.
        names: Titles of the models by name.
        cases: What the book calls several of its cases.
    """
    panels = Panels(["ROC-AUC by month of outcome", f"difference on the same {cases}, by cohort"], shares_scale=False)
    for order, (model, colour) in enumerate(zip(names, MODEL_COLOURS, strict=False)):
        rows = rows_of(history, model=model, layer="performance", metric="roc_auc")
        panels.add_series(
            0,
            [month + order * _APART for month in rows["observed_month"].to_list()],
            rows["value"].to_list(),
            Mark(names[model], colour),
            facts=rows.select(pl.col("cohort").dt.strftime("%Y-%m"), "n", "n_bad", "status").rows(),
            hover="%{y:.4f}<br>cohort %{customdata[0]}, n %{customdata[1]}, bads %{customdata[2]}, %{customdata[3]}",
            errors=_errors(rows),
        )
    difference = compared.filter(breakdown="cohort", metric="roc_auc", subject="difference").sort(
        "challenger", "segment"
    )
    for (challenger,), rows in difference.partition_by("challenger", as_dict=True, maintain_order=True).items():
        champion = str(rows["champion"][0])
        panels.add_series(
            1,
            rows["segment"].to_list(),
            rows["value"].to_list(),
            Mark(
                f"{names.get(str(challenger), challenger)} minus {names.get(champion, champion)}", GREY, mode="markers"
            ),
            facts=rows.select("n", "n_bad", "status").rows(),
            hover="cohort %{x|%Y-%m}: %{y:+.3f}<br>n %{customdata[0]}, bads %{customdata[1]}, %{customdata[2]}"
            "<extra></extra>",
            errors=_errors(rows),
        )
    panels.add_level(1, 0.0, "no difference", GREY)
    panels.over_months(history.filter(layer="performance")["observed_month"].to_list(), panel=0)
    panels.over_months(difference["segment"].str.to_date("%Y-%m-%d").to_list(), panel=1)
    return panels.figure()


def approvals_by_group(fair_lending: pl.DataFrame, *, names: Mapping[str, str]) -> Figure:
    """Approval rate by group of applicants with its interval, one panel per model; hollow where there are too few.

    Args:
        fair_lending: Rows of `schemas.monitoring.FairLending` of one month, of all models.
        names: Titles of the models by name.
    """
    panels = Panels(list(names.values()), columns=max(1, len(names)))
    for panel, model in enumerate(names):
        rows = by_age(fair_lending.filter(model=model, metric="approval_rate"))
        panels.add_series(
            panel,
            rows["segment"].to_list(),
            rows["value"].to_list(),
            Mark("approval rate", BLUE, mode="markers", size=10),
            symbols=["circle" if status != "insufficient" else "circle-open" for status in rows["status"].to_list()],
            facts=rows.select("n", "status").rows(),
            hover="%{x}: %{y:.1%}<br>n %{customdata[0]}, %{customdata[1]}<extra></extra>",
            errors=_errors(rows),
        )
    panels.up(tickformat=".0%", rangemode="tozero")
    panels.across(type="category")
    return panels.figure()


def by_age(groups: pl.DataFrame) -> pl.DataFrame:
    """Rows by age band, from the youngest to those whose age is unknown."""
    first = pl.col("segment").str.extract(r"(\d+)").cast(pl.Int32)
    return groups.sort(first, ~pl.col("segment").str.contains("under"), nulls_last=True, maintain_order=True)


def _errors(rows: pl.DataFrame) -> tuple[list[float | None], list[float | None]]:
    return (rows["ci_high"] - rows["value"]).to_list(), (rows["value"] - rows["ci_low"]).to_list()
