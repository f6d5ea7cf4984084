from __future__ import annotations

from credit_platform.reports.dashboard.charts import charts_of
from credit_platform.reports.dashboard.overview import Overview


def test_the_charts_have_the_names_their_readers_know(seen: Overview) -> None:
    assert set(charts_of(seen)) == {
        "psi_trends", "performance_metrics_over_time", "confusion_matrix_comparison",
        "prediction_distribution_stability", "model_comparison_summary", "model_1_performance", "model_2_performance",
        "model_1_performance_trends", "model_2_performance_trends",
    }  # fmt: skip


def test_a_chart_stands_on_white_with_a_title_that_says_as_of_when(seen: Overview) -> None:
    for name, figure in charts_of(seen).items():
        layout = figure["layout"]
        assert isinstance(layout, dict)
        assert layout["paper_bgcolor"] == "#ffffff", name
        assert layout["title"]["text"].endswith("as of 2025-04"), name


def test_a_chart_of_one_model_shows_that_model_alone(seen: Overview) -> None:
    layout = charts_of(seen)["model_2_performance_trends"]["layout"]
    assert isinstance(layout, dict)
    titles = [note["text"] for note in layout["annotations"] if "threshold" not in note["text"]]
    assert titles == [f"{metric}, Model 2: Gradient boosting" for metric in ("ROC-AUC", "F1 score", "Accuracy")]
