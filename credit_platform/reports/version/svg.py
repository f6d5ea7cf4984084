"""A small picture of one version as SVG text: its out-of-time ROC curve and its reliability, side by side.

For places that show a picture but run no script. Interactive figures belong in `version_curves`, trends in `svg`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import polars as pl

from credit_platform.reports.version.facts import measured
from credit_platform.reports.wording import BLUE, GREY, ORANGE, interval_text
from credit_platform.scoring.evaluation.evaluation import Evaluation

WIDTH, HEIGHT, TOP, SIDE, LEFT, GAP = 640, 330, 50, 230, 52, 96


def version_svg(evaluation: Evaluation, *, title: str) -> str:
    """ROC curve and reliability points of the out-of-time sample, or a word where there are none.

    Colours are readable on white and on near-black.

    Args:
        evaluation: The version's tables.
        title: What is shown, also for screen readers.
    """
    roc = evaluation.roc.filter(sample_role="oot")
    bins = evaluation.reliability.filter(sample_role="oot").sort("bin")
    auc = measured(evaluation.metrics, "oot", "roc_auc")
    left, right = _Panel(LEFT, 1.0), _Panel(LEFT + SIDE + GAP, _reach(bins))
    parts = [
        *left.frame(
            f"AUC {interval_text(auc.value, auc.low, auc.high)}",
            across="goods declined",
            up="bads declined",
        ),
        *_curve(roc, left),
        *right.frame("Reliability", across="default probability", up="bad rate"),
        *_points(bins, right),
    ]
    name = escape(title, quote=True)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}' "
        f"role='img' aria-label='{name}' font-family='sans-serif' font-size='12'>"
        f"<text x='{LEFT}' y='18' fill='{GREY}' font-size='13'>{name}</text>{''.join(parts)}</svg>"
    )


@dataclass(frozen=True)
class _Panel:
    """A square from 0 to `top` on both axes, its left edge in pixels."""

    left: int
    top: float

    def x(self, value: float) -> float:
        return self.left + SIDE * value / self.top

    def y(self, value: float) -> float:
        return TOP + SIDE * (1 - value / self.top)

    def frame(self, name: str, *, across: str, up: str) -> Iterator[str]:
        low, middle = TOP + SIDE, TOP + SIDE / 2
        yield f"<text x='{self.left}' y='{TOP - 10}' fill='{GREY}'>{escape(name)}</text>"
        yield f"<rect x='{self.left}' y='{TOP}' width='{SIDE}' height='{SIDE}' fill='none' stroke='{GREY}'/>"
        yield (
            f"<line x1='{self.left}' y1='{low}' x2='{self.left + SIDE}' y2='{TOP}' stroke='{GREY}' "
            "stroke-dasharray='5 4'/>"
        )
        yield f"<text x='{self.left}' y='{low + 16}' fill='{GREY}'>0</text>"
        yield f"<text x='{self.left + SIDE}' y='{low + 16}' fill='{GREY}' text-anchor='end'>{self.top:.0%}</text>"
        yield f"<text x='{self.left - 6}' y='{TOP + 10}' fill='{GREY}' text-anchor='end'>{self.top:.0%}</text>"
        centre = f"x='{self.left + SIDE / 2:g}' y='{low + 34}'"
        yield f"<text {centre} fill='{GREY}' text-anchor='middle'>{escape(across)}</text>"
        place = f"{self.left - 14} {middle:g}"
        yield (
            f"<text x='{self.left - 14}' y='{middle:g}' transform='rotate(-90 {place})' fill='{GREY}' "
            f"text-anchor='middle'>{escape(up)}</text>"
        )

    def word(self, text: str) -> str:
        place = f"x='{self.left + SIDE / 4:g}' y='{TOP + SIDE / 4:g}'"  # above the diagonal
        return f"<text {place} fill='{GREY}' text-anchor='middle'>{escape(text)}</text>"


def _reach(bins: pl.DataFrame) -> float:
    """The upper end of both axes of the reliability panel, a whole tenth."""
    values = [*bins.get_column("ci_high"), *bins.get_column("bad_rate"), *bins.get_column("mean_probability")]
    top = max((value for value in values if value is not None), default=1.0)
    return min(1.0, max(0.1, (int(top * 10 - 1e-9) + 1) / 10))


def _curve(roc: pl.DataFrame, panel: _Panel) -> Iterator[str]:
    if roc.is_empty():
        yield panel.word("unknown")
        return
    pairs = roc.select("false_positive_rate", "true_positive_rate").iter_rows()
    points = " ".join(f"{panel.x(across):.1f},{panel.y(up):.1f}" for across, up in pairs)
    yield f"<polyline points='{points}' fill='none' stroke='{BLUE}' stroke-width='2'/>"


def _points(bins: pl.DataFrame, panel: _Panel) -> Iterator[str]:
    if bins.is_empty():
        yield panel.word("unknown")
        return
    rows = bins.select("mean_probability", "bad_rate", "ci_low", "ci_high").iter_rows()
    for said, seen, low, high in rows:
        x, y = f"{panel.x(said):.1f}", f"{panel.y(seen):.1f}"
        if low is not None and high is not None:
            yield f"<line x1='{x}' x2='{x}' y1='{panel.y(low):.1f}' y2='{panel.y(high):.1f}' stroke='{ORANGE}'/>"
        yield f"<circle cx='{x}' cy='{y}' r='4' fill='{ORANGE}'/>"
