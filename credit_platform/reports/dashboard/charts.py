"""The charts that are kept as pictures too, for slides and mails, under the names in use among their readers.

The same figures as on the dashboard, on white and with a title. Rendering them is wiring.
"""

from credit_platform.reports.dashboard.overview import Overview
from credit_platform.reports.figures.comparison import latest_metrics
from credit_platform.reports.figures.matrices import confusion_tables
from credit_platform.reports.figures.model_months import metric_trends, probability_drift, psi_trend
from credit_platform.reports.figures.panels import Figure
from credit_platform.reports.wording import month_name

WIDTH = 1280
_TITLE_HEIGHT = 56
_DARK = "#1d2127"


def charts_of(overview: Overview) -> dict[str, Figure]:
    """Every chart by its name without ending, `model_1` standing for the name reports give a model."""
    known, names, thresholds = overview.known, overview.names, overview.thresholds
    words = overview.book.words
    trends = ("roc_auc", "f1_score", "accuracy")
    found: dict[str, tuple[str, Figure]] = {
        "psi_trends": ("PSI of the scores", psi_trend(known, names=names, thresholds=thresholds)),
        "performance_metrics_over_time": (
            "Performance by month of outcome",
            metric_trends(known, trends, names=names, thresholds=thresholds),
        ),
        "confusion_matrix_comparison": (
            f"{words.heading} by outcome and decision, newest cohort with outcomes",
            confusion_tables(known, names=names, cases=words.cases),
        ),
        "prediction_distribution_stability": (
            "Mean and spread of the predictions against the reference",
            probability_drift(known, names=names, thresholds=thresholds),
        ),
        "model_comparison_summary": (
            "The models beside each other, newest cohort with outcomes",
            latest_metrics(known, names=names, thresholds=thresholds),
        ),
    }
    for model, name in names.items():
        alias, own = overview.aliases.get(model, model), {model: name}
        found[f"{alias}_performance"] = (
            f"{name}, newest cohort with outcomes",
            latest_metrics(known, names=own, thresholds=thresholds),
        )
        found[f"{alias}_performance_trends"] = (
            f"{name}, performance by month of outcome",
            metric_trends(known, trends, names=own, thresholds=thresholds),
        )
    as_of = month_name(overview.snapshot_month)
    return {name: _on_white(figure, f"{title}, as of {as_of}") for name, (title, figure) in found.items()}


def _on_white(figure: Figure, title: str) -> Figure:
    layout = figure["layout"]
    if not isinstance(layout, dict):
        return figure
    margin = layout["margin"] | {"t": layout["margin"]["t"] + _TITLE_HEIGHT}
    height = layout["height"] + _TITLE_HEIGHT
    own = {
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "font": layout["font"] | {"color": _DARK},
        "title": {"text": title, "x": 0.02, "xanchor": "left", "y": 1 - 26 / height, "font": {"size": 20}},
        "margin": margin,
        "height": height,
        "width": WIDTH,
    }
    return {**figure, "layout": layout | own}
