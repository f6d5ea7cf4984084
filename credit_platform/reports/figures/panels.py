"""Panels side by side as the plain content of a Plotly figure: lines, ribbons, levels and tiles on shared axes.

Plain content is what a page holds in the end. Building it through Plotly's own classes costs a tenth of a second a
figure, which a page of twenty figures, drawn every month, cannot pay. What is drawn belongs to the modules of figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from credit_platform.months import months_between
from credit_platform.reports.figures.axes import FONT, GRID, NEUTRAL, month_axis
from credit_platform.reports.wording import translucent

# `data` and `layout` of a Plotly figure, JSON values and dates.
Figure = dict[str, object]
Facts = Sequence[Sequence[object]]
PANEL_HEIGHT = 340
_GAP = 0.05


@dataclass(frozen=True)
class Mark:
    """How a series looks, and its name in the legend; equal names share one entry."""

    name: str
    colour: str
    dash: str = "solid"
    mode: str = "lines+markers"
    size: int = 8


@dataclass
class Panels:
    """Panels with a title each, in rows of at most `columns`; all panels of a row share the scale of values."""

    titles: Sequence[str]
    columns: int = 2
    shares_scale: bool = True
    _traces: list[dict[str, object]] = field(default_factory=list)
    _shapes: list[dict[str, object]] = field(default_factory=list)
    _notes: list[dict[str, object]] = field(default_factory=list)
    _x: dict[str, object] = field(default_factory=dict)
    _y: dict[str, object] = field(default_factory=dict)
    _own_x: dict[int, dict[str, object]] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)

    def add_series(
        self,
        panel: int,
        x: Sequence[object],
        y: Sequence[object],
        mark: Mark,
        *,
        facts: Facts = (),
        hover: str | None = None,
        symbols: Sequence[str] | None = None,
        errors: tuple[Sequence[float | None], Sequence[float | None]] | None = None,
    ) -> None:
        """A line, its points, or both; `facts` are a point's rows for `hover`, `errors` lengths above and below."""
        trace: dict[str, object] = {
            "type": "scatter",
            "x": list(x),
            "y": list(y),
            "mode": mark.mode,
            "line": {"color": mark.colour, "width": 2, "dash": mark.dash},
            "marker": {
                "color": mark.colour,
                "size": mark.size,
                "symbol": list(symbols) if symbols is not None else "circle",
                "line": {"color": mark.colour, "width": 2},
            },
            **self._legend(mark.name),
        }
        if hover is not None:
            trace |= {"customdata": [list(row) for row in facts], "hovertemplate": hover}
        if errors is not None:
            above, below = errors
            trace["error_y"] = {
                "type": "data", "symmetric": False, "array": list(above), "arrayminus": list(below),
                "color": mark.colour, "thickness": 1.5,
            }  # fmt: skip
        self._add(panel, trace)

    def add_ribbon(
        self,
        panel: int,
        x: Sequence[object],
        low: Sequence[float | None],
        high: Sequence[float | None],
        *,
        name: str,
        colour: str,
    ) -> None:
        """A ribbon between two ends, drawn once around every unbroken run; a place without both leaves a gap."""
        across: list[object] = []
        ends: list[float | None] = []
        for places in _runs(low, high):
            across += [*(x[place] for place in places), *(x[place] for place in reversed(places)), None]
            ends += [*(low[place] for place in places), *(high[place] for place in reversed(places)), None]
        trace = {
            "type": "scatter", "x": across, "y": ends, "mode": "lines", "fill": "toself", "hoverinfo": "skip",
            "line": {"color": translucent(colour, 0.35), "width": 1}, "fillcolor": translucent(colour, 0.2),
        }  # fmt: skip
        self._add(panel, trace | self._legend(name))

    def add_level(
        self, panel: int, level: float, text: str, colour: str, *, side: Literal["left", "right"] = "left"
    ) -> None:
        """A dashed line across a panel with a text above one of its ends."""
        x, y = self._axes(panel)
        self._shapes.append(
            {
                "type": "line",
                "xref": f"{x} domain",
                "yref": y,
                "x0": 0,
                "x1": 1,
                "y0": level,
                "y1": level,
                "line": {"color": colour, "width": 1.5, "dash": "dash"},
            }
        )
        self._notes.append(
            {
                "text": text,
                "xref": f"{x} domain",
                "yref": y,
                "x": 0 if side == "left" else 1,
                "y": level,
                "xanchor": side,
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 11},
            }
        )

    def add_moment(self, panel: int, month: date, text: str, colour: str) -> None:
        """A dotted line down a panel at a month, with a text beside its upper end."""
        x, y = self._axes(panel)
        place = {"xref": x, "yref": f"{y} domain"}
        line = {"color": colour, "width": 1.5, "dash": "dot"}
        self._shapes.append({"type": "line", **place, "x0": month, "x1": month, "y0": 0, "y1": 1, "line": line})
        look = {"xanchor": "left", "yanchor": "top", "showarrow": False, "font": {"size": 11}}
        self._notes.append({"text": text, **place, "x": month, "y": 1, **look})

    def add_tiles(self, panel: int, tiles: Mapping[str, object]) -> None:
        """A heat map of any content."""
        self._add(panel, {"type": "heatmap", **tiles})

    def over_months(self, months: Sequence[date | None], *, panel: int | None = None) -> None:
        """Months on the horizontal axes, or on that of one panel, from the first to the last, the last one labelled."""
        known = sorted({month for month in months if month is not None})
        if not known:
            return
        n_months = months_between(known[0], known[-1]) + 1
        step = 1 if n_months <= 8 else 3 if n_months <= 30 else 6 if n_months <= 60 else 12
        settings = month_axis(known[0], known[-1], step=step)
        if panel is None:
            self._x |= settings
        else:
            self._own_x[panel] = settings

    def across(self, **settings: object) -> None:
        """Settings of every horizontal axis."""
        self._x |= settings

    def up(self, **settings: object) -> None:
        """Settings of every vertical axis."""
        self._y |= settings

    @property
    def n_rows(self) -> int:
        """How many rows of panels there are."""
        return -(-max(1, len(self.titles)) // self._n_columns)

    def figure(self, *, height: int = PANEL_HEIGHT, margin: Mapping[str, int] | None = None) -> Figure:
        """The content; `height` is of one row of panels, in pixels."""
        total = height * self.n_rows
        layout: dict[str, object] = {
            "height": total,
            "margin": {"l": 60, "r": 20, "t": 64, "b": 44} | dict(margin or {}),
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 13, "color": NEUTRAL},
            "legend": {
                "orientation": "h", "x": 0, "xanchor": "left", "yanchor": "bottom", "y": 1 + 24 / max(total - 110, 60),
            },
            "hovermode": "closest",
            "modebar": {
                "bgcolor": "rgba(0,0,0,0)", "color": "rgba(128,128,128,0.7)", "activecolor": NEUTRAL,
            },
            "shapes": self._shapes,
        }  # fmt: skip
        titles: list[dict[str, object]] = []
        for panel, title in enumerate(self.titles):
            row, column = divmod(panel, self._n_columns)
            left, right = self._width(column)
            bottom, top = self._height(row, total)
            x, y = self._axes(panel)
            look = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID}
            layout[_key("xaxis", x)] = (
                look | {"domain": [left, right], "anchor": y} | self._x | self._own_x.get(panel, {})
            )
            of_first = f"y{row * self._n_columns + 1}" if row else "y"
            shared = {"matches": of_first, "showticklabels": False} if self.shares_scale and column else {}
            own = look | {"domain": [bottom, top], "anchor": x, "automargin": True}
            layout[_key("yaxis", y)] = own | self._y | shared
            titles.append(
                {
                    "text": title,
                    "xref": "paper",
                    "yref": "paper",
                    "x": (left + right) / 2,
                    "y": top,
                    "xanchor": "center",
                    "yanchor": "bottom",
                    "showarrow": False,
                    "font": {"size": 15},
                }
            )
        layout["annotations"] = titles + self._notes
        return {"data": self._traces, "layout": layout}

    @property
    def _n_columns(self) -> int:
        return max(1, min(self.columns, len(self.titles)))

    def _width(self, column: int) -> tuple[float, float]:
        gap = _GAP if self._n_columns > 1 else 0.0
        width = (1 - gap * (self._n_columns - 1)) / self._n_columns
        left = column * (width + gap)
        return round(left, 4), round(left + width, 4)

    def _height(self, row: int, total: int) -> tuple[float, float]:
        gap = 70 / max(total - 108, 70) if self.n_rows > 1 else 0.0
        height = (1 - gap * (self.n_rows - 1)) / self.n_rows
        top = 1 - row * (height + gap)
        return round(max(0.0, top - height), 4), round(top, 4)

    def _axes(self, panel: int) -> tuple[str, str]:
        number = "" if panel == 0 else str(panel + 1)
        return f"x{number}", f"y{number}"

    def _legend(self, name: str) -> dict[str, object]:
        is_first = name not in self._names
        self._names.add(name)
        return {"name": name, "legendgroup": name, "showlegend": is_first and bool(name)}

    def _add(self, panel: int, trace: dict[str, object]) -> None:
        x, y = self._axes(panel)
        self._traces.append(trace | {"xaxis": x, "yaxis": y})


def _key(kind: str, axis: str) -> str:
    return f"{kind}{axis[1:]}"


def _runs(low: Sequence[float | None], high: Sequence[float | None]) -> list[list[int]]:
    """Places of every unbroken run in which both ends are known."""
    found: list[list[int]] = []
    is_open = False
    for place, (bottom, top) in enumerate(zip(low, high, strict=True)):
        is_known = bottom is not None and top is not None
        if is_known and not is_open:
            found.append([])
        if is_known:
            found[-1].append(place)
        is_open = is_known
    return found
