from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from kaleido.scopes.plotly import PlotlyScope

from credit_platform.assets.pages import charts
from credit_platform.assets.pages.charts import RenderError, draws_charts, render_pngs
from credit_platform.reports.figures.panels import Figure, Mark, Panels

MONTHS = [date(2025, 1, 1), date(2025, 2, 1)]


def _figure() -> Figure:
    panels = Panels(["a"])
    panels.add_series(0, MONTHS, [1.0, 2.0], Mark("line", "#2f7fc2"))
    panels.over_months(MONTHS)
    return panels.figure()


@pytest.mark.parametrize(
    ("png", "newest", "is_drawn"),
    [
        ("latest", None, True),
        ("latest", "2025-02-01", True),
        ("latest", "2025-03-01", False),
        ("none", None, False),
    ],
)
def test_policy_and_the_command_say_whether_charts_are_drawn(png: str, newest: str | None, *, is_drawn: bool) -> None:
    assert draws_charts(MONTHS, newest, png) == is_drawn


def test_a_figure_becomes_the_same_picture_each_time() -> None:
    found = render_pngs({"one": _figure(), "two": _figure()})
    assert found["one"].startswith(b"\x89PNG")
    assert found["one"] == found["two"]


def test_a_figure_the_renderer_refuses_is_named() -> None:
    with pytest.raises(RenderError, match="chart odd was refused"):
        render_pngs({"odd": {"data": 3, "layout": {"height": 300}}})


def test_a_missing_renderer_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(PlotlyScope, "executable_path", lambda: str(tmp_path / "nowhere"))
    with pytest.raises(RenderError, match="cannot be started"):
        render_pngs({"one": _figure()})


def test_a_renderer_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "renderer"
    program.write_text("#!/bin/sh\nsleep 100 & wait\n")
    program.chmod(0o755)
    monkeypatch.setattr(PlotlyScope, "executable_path", lambda: str(program))
    monkeypatch.setattr(charts, "TRIES_SECONDS", (0.2, 0.3))
    with pytest.raises(RenderError, match=r"no answer in 2 tries, 0\.5 seconds"):
        render_pngs({"one": _figure()})


def test_a_renderer_that_hangs_once_is_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, real = tmp_path / "renderer", PlotlyScope.executable_path()
    program.write_text(
        f'#!/bin/sh\n[ -e {tmp_path}/once ] && exec {real} "$@"\ntouch {tmp_path}/once\nsleep 100 & wait\n'
    )
    program.chmod(0o755)
    monkeypatch.setattr(PlotlyScope, "executable_path", lambda: str(program))
    monkeypatch.setattr(charts, "TRIES_SECONDS", (0.5, 60, 60))
    assert render_pngs({"one": _figure()})["one"].startswith(b"\x89PNG")
