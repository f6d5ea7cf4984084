"""A small trend as SVG text, for places that show a picture but run no script.

Interactive figures belong in `figures`. Encoding the text as a link belongs to whoever shows it.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from itertools import groupby

from credit_platform.reports.wording import ACTION_COLOURS, ACTIONS, BLUE, GREY, ORANGE, VERMILION, month_name

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 200, 48, 12, 28, 24
FLOOR_COLOURS = (ORANGE, VERMILION)


def trend_svg(
    months: Sequence[date],
    values: Sequence[float | None],
    *,
    title: str,
    low: Sequence[float | None] | None = None,
    high: Sequence[float | None] | None = None,
    levels: Sequence[float] = (),
) -> str:
    """A line over months with an optional ribbon and up to two dashed levels, the milder first.

    Colours are readable on white and on near-black; a month without a value leaves a gap; no month at all says so.

    Args:
        months: Rising, as long as `values`.
        values: The trend.
        title: What is shown, also for screen readers.
        low: Lower ends of the intervals.
        high: Upper ends of the intervals.
        levels: Thresholds or bands.
    """
    lows, highs = low or [None] * len(months), high or [None] * len(months)
    known = [value for value in (*values, *lows, *highs, *levels) if value is not None]
    if not any(value is not None for value in values):
        return _frame(title, f"<text x='{LEFT}' y='{HEIGHT / 2:g}' fill='{GREY}'>no value yet</text>")
    bottom, top = min(known), max(known)
    margin = (top - bottom) * 0.08 or 0.05
    scale = _Scale(len(months), bottom - margin, top + margin)
    parts = [
        *_levels(levels, scale),
        *_ribbons(lows, highs, scale),
        *_lines(values, scale),
        f"<text x='{LEFT}' y='{HEIGHT - 6}' fill='{GREY}'>{month_name(months[0])}</text>",
        f"<text x='{WIDTH - RIGHT}' y='{HEIGHT - 6}' fill='{GREY}' text-anchor='end'>{month_name(months[-1])}</text>",
    ]
    return _frame(title, "".join(parts))


def action_svg(months: Sequence[date], actions: Sequence[str], are_live: Sequence[bool], *, title: str) -> str:
    """One mark per month: a circle for monitor, a triangle for active monitoring, a square for retrain.

    A backtest, which nothing follows from, is hollow. The last month is told in words.

    Args:
        months: Rising.
        actions: Words of `schemas.monitoring.ACTIONS`, as long as `months`.
        are_live: Whether something follows from the action.
        title: What is shown, also for screen readers.
    """
    if not months:
        return _frame(title, f"<text x='{LEFT}' y='{HEIGHT / 2:g}' fill='{GREY}'>no action yet</text>")
    scale = _Scale(len(months), 0.0, 1.0)
    marks = [
        _mark(scale.x(place), scale.y(0.5), action, is_live=is_live)
        for place, (action, is_live) in enumerate(zip(actions, are_live, strict=True))
    ]
    last = f"{month_name(months[-1])}: {ACTIONS[actions[-1]]}{'' if are_live[-1] else ' (backtest)'}"
    parts = [
        *marks,
        f"<text x='{LEFT}' y='{HEIGHT - 6}' fill='{GREY}'>{month_name(months[0])}</text>",
        f"<text x='{WIDTH - RIGHT}' y='{HEIGHT - 6}' fill='{GREY}' text-anchor='end'>{escape(last)}</text>",
    ]
    return _frame(title, "".join(parts))


def _mark(x: float, y: float, action: str, *, is_live: bool) -> str:
    colour = ACTION_COLOURS[action]
    look = f"fill='{colour if is_live else 'none'}' stroke='{colour}' stroke-width='2'"
    if action == "monitor":
        return f"<circle cx='{x:.1f}' cy='{y:.1f}' r='6' {look}/>"
    if action == "retrain":
        return f"<rect x='{x - 6:.1f}' y='{y - 6:.1f}' width='12' height='12' {look}/>"
    return f"<polygon points='{x:.1f},{y - 7:.1f} {x - 7:.1f},{y + 6:.1f} {x + 7:.1f},{y + 6:.1f}' {look}/>"


class _Scale:
    """Places of months and values on the picture, in pixels."""

    def __init__(self, n: int, bottom: float, top: float) -> None:
        self._n, self._bottom, self._top = n, bottom, top

    def x(self, place: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (place / (self._n - 1) if self._n > 1 else 0.5)

    def y(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self._top - value) / (self._top - self._bottom)


def _frame(title: str, content: str) -> str:
    name = escape(title, quote=True)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"role='img' aria-label='{name}' font-family='sans-serif' font-size='12'>"
        f"<text x='{LEFT}' y='16' fill='{GREY}' font-size='13'>{name}</text>{content}</svg>"
    )


def _levels(levels: Sequence[float], scale: _Scale) -> Iterator[str]:
    for level, colour in zip(levels, FLOOR_COLOURS, strict=False):
        y = scale.y(level)
        ends = f"x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.1f}' y2='{y:.1f}'"
        yield (
            f"<line {ends} stroke='{colour}' stroke-dasharray='6 4'/>"
            f"<text x='{LEFT - 6}' y='{y + 4:.1f}' fill='{colour}' text-anchor='end'>{level:g}</text>"
        )


def _runs(values: Sequence[float | None]) -> Iterator[list[int]]:
    """Places of every unbroken run of values."""
    for is_known, run in groupby(range(len(values)), key=lambda place: values[place] is not None):
        if is_known:
            yield list(run)


def _points(places: Sequence[int], values: Sequence[float | None], scale: _Scale) -> str:
    return " ".join(
        f"{scale.x(place):.1f},{scale.y(value):.1f}" for place in places if (value := values[place]) is not None
    )


def _ribbons(lows: Sequence[float | None], highs: Sequence[float | None], scale: _Scale) -> Iterator[str]:
    for run in _runs(lows):
        outline = f"{_points(run, lows, scale)} {_points(run[::-1], highs, scale)}"
        yield f"<polygon points='{outline}' fill='{BLUE}' fill-opacity='0.22'/>"


def _lines(values: Sequence[float | None], scale: _Scale) -> Iterator[str]:
    for run in _runs(values):
        yield f"<polyline points='{_points(run, values, scale)}' fill='none' stroke='{BLUE}' stroke-width='2'/>"
        for point in _points(run, values, scale).split():
            x, y = point.split(",")
            yield f"<circle cx='{x}' cy='{y}' r='3' fill='{BLUE}'/>"
