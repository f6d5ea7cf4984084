"""One figure of a real and of a generated book side by side, and the limits of their distance.

Which figures are compared belongs to `fidelity` and the modules beside it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import polars as pl

from credit_platform.statistics.intervals import Interval, wilson_interval

Section = Literal["feature", "category", "dirt", "outcome", "attrition", "coverage", "ranking"]
Status = Literal["ok", "warn", "breach", "unknown"]

CONFIDENCE = 0.95
# Up to the first limit a difference is small, above the second a model would notice it. Those of the PSI are the
# shipped limits of the monitoring policy; moments and quantiles are compared in standard deviations of the real book.
BANDS = {"psi": (0.10, 0.25), "ks": (0.05, 0.10), "shift": (0.10, 0.25), "share": (0.02, 0.05), "auc": (0.03, 0.06)}


@dataclass(frozen=True)
class FidelityLine:
    """One figure of both books.

    Attributes:
        section: What kind of figure.
        item: Its feature, cleaning rule, month on book or cohort.
        statistic: What is measured, `mean`, `psi`, `rate`.
        real: The figure of the real book; None where it is not defined, and for distances between the books.
        real_low, real_high: Its interval; None where there is none.
        n_real: Number of values it is computed from.
        made, made_low, made_high, n_made: The same of the generated book.
        distance: How far apart, in the unit `bands` names for the statistic; None where it is not defined.
        status: `ok`, `warn`, `breach` by `BANDS`; `unknown` where nothing can be compared.
    """

    section: Section
    item: str
    statistic: str
    real: float | None
    real_low: float | None
    real_high: float | None
    n_real: int
    made: float | None
    made_low: float | None
    made_high: float | None
    n_made: int
    distance: float | None
    status: Status


@dataclass(frozen=True)
class BookFigure:
    """A figure of one book with its interval and the number of values it is computed from."""

    value: float | None
    n: int
    interval: Interval | None = None


def to_frame(lines: Sequence[FidelityLine]) -> pl.DataFrame:
    """One row per line, with the columns of `FidelityLine`."""
    texts = ("section", "item", "statistic", "status")
    counts = ("n_real", "n_made")
    schema = {
        name: pl.String if name in texts else pl.Int64 if name in counts else pl.Float64
        for name in FidelityLine.__dataclass_fields__
    }
    return pl.DataFrame([asdict(line) for line in lines], schema=schema)


def line(
    section: Section, item: str, statistic: str, real: BookFigure, made: BookFigure, *, band: str, scale: float = 1
) -> FidelityLine:
    """A figure of both books; their distance is the difference in units of `scale`, judged by the band."""
    distance = None if real.value is None or made.value is None or not scale else (made.value - real.value) / scale
    figures = (real.value, *_ends(real), real.n, made.value, *_ends(made), made.n)
    return FidelityLine(section, item, statistic, *figures, distance, judged(distance, band))


def judged(distance: float | None, band: str) -> Status:
    """`ok` up to the first limit of the band, `breach` beyond the second, `unknown` without a distance.

    >>> judged(-0.3, "psi"), judged(0.01, "share"), judged(None, "auc")
    ('breach', 'ok', 'unknown')
    """
    if distance is None:
        return "unknown"
    warn, breach = BANDS[band]
    return "ok" if abs(distance) <= warn else "warn" if abs(distance) <= breach else "breach"


def _ends(figure: BookFigure) -> tuple[float | None, float | None]:
    return (None, None) if figure.interval is None else (figure.interval.low, figure.interval.high)


def between(section: Section, item: str, statistic: str, distance: float | None, *, n: tuple[int, int]) -> FidelityLine:
    """A distance of the two books that is no difference of two figures; `n` of the real and of the generated one."""
    status = judged(distance, statistic)
    return FidelityLine(section, item, statistic, None, None, None, n[0], None, None, None, n[1], distance, status)


def share(k: int, n: int) -> BookFigure:
    """A share of `n` with its Wilson interval; None without any."""
    return BookFigure(k / n if n else None, n, wilson_interval(k, n, CONFIDENCE))
