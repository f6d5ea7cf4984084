from __future__ import annotations

import json
from datetime import date

import pytest

from credit_platform.reports.figures.panels import Mark, Panels
from credit_platform.reports.page import figure_html

MONTHS = [date(2025, month, 1) for month in (1, 2, 3, 4)]


def _layout(panels: Panels) -> dict[str, dict[str, object]]:
    layout = panels.figure()["layout"]
    assert isinstance(layout, dict)
    return layout


def test_plotly_knows_every_key_of_what_is_built() -> None:
    import plotly.graph_objects as go

    panels = Panels(["a", "b", "c"], columns=2)
    panels.add_series(0, MONTHS, [1.0, None, 2.0, 3.0], Mark("line", "#112233"), errors=([0.1] * 4, [0.1] * 4))
    panels.add_ribbon(1, MONTHS, [0.1] * 4, [0.2] * 4, name="ribbon", colour="#112233")
    panels.add_level(2, 0.5, "floor 0.5", "#112233", side="right")
    panels.over_months(MONTHS)
    panels.up(tickformat=".0%")
    assert len(go.Figure(panels.figure()).to_dict()["data"]) == 2


def test_a_ribbon_has_a_gap_where_an_end_is_missing() -> None:
    panels = Panels(["a"])
    panels.add_ribbon(0, MONTHS, [1.0, None, 3.0, 4.0], [2.0, 2.0, 5.0, 6.0], name="r", colour="#112233")
    (trace,) = panels.figure()["data"]  # type: ignore[misc]
    assert trace["y"] == [1.0, 2.0, None, 3.0, 4.0, 6.0, 5.0, None]


def test_panels_of_a_row_share_their_scale_and_rows_do_not() -> None:
    layout = _layout(Panels(["a", "b", "c", "d"], columns=2))
    assert [layout[f"yaxis{n}"].get("matches") for n in ("", "2", "3", "4")] == [None, "y", None, "y3"]


def test_panels_do_not_overlap() -> None:
    layout = _layout(Panels([""] * 6, columns=3))
    tops, bottoms = layout["yaxis"]["domain"], layout["yaxis4"]["domain"]
    left, right = layout["xaxis"]["domain"], layout["xaxis2"]["domain"]
    assert bottoms[1] < tops[0] < tops[1] == 1  # type: ignore[index]
    assert left[1] < right[0]  # type: ignore[index]


def test_a_name_stands_once_in_the_legend() -> None:
    panels = Panels(["a", "b"])
    for panel in (0, 1):
        panels.add_series(panel, MONTHS, [1.0] * 4, Mark("same", "#112233"))
    assert [trace["showlegend"] for trace in panels.figure()["data"]] == [True, False]  # type: ignore[attr-defined]


def test_content_is_written_as_json_with_dates_and_nothing_unknown() -> None:
    panels = Panels(["a"])
    panels.add_series(0, MONTHS, [1.0] * 4, Mark("</script>", "#112233"))
    html = figure_html(panels.figure(), name="x", label="x")
    content = html.split("data-figure='x'>")[1].removesuffix("</script>")
    assert "</script>" not in content
    assert json.loads(content)["data"][0]["x"][0] == "2025-01-01"
    panels.add_series(0, [object()], [1.0], Mark("odd", "#112233"))
    with pytest.raises(TypeError, match="cannot be put into a figure"):
        figure_html(panels.figure(), name="x", label="x")
