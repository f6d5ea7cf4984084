"""Evidently's page on the features of a month against the development sample, and its findings in numbers.

The page is for looking; what is decided follows from our own indices in `stability`, whose bins are frozen. Evidently
and pandas are loaded here and nowhere else, as they take seconds. Of Evidently only the reports are used, which do not
load its telemetry.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from evidently import Dataset

# Distances and not p-values: a p-value finds a drifted feature among forty every month, and everything in large books.
# 0.1 of a standard deviation, or of the Jensen-Shannon distance, are the library's own defaults.
_NUMERIC_METHOD, _LEVELS_METHOD, _THRESHOLD = "wasserstein", "jensenshannon", 0.1


@dataclass(frozen=True)
class DriftPage:
    """The page as one HTML file that needs no network, and the distance of each feature it could compare.

    Attributes:
        html: The page.
        distances: Feature to distance, largest first: standard deviations (Wasserstein) for numbers, Jensen-Shannon for
            levels.
        drifted: The features whose distance reaches 0.1.
        unknown: Features without a value on either side, which cannot be compared.
    """

    html: str
    distances: Mapping[str, float]
    drifted: tuple[str, ...]
    unknown: tuple[str, ...]


def draw_drift_page(
    now: pl.DataFrame, development: pl.DataFrame, *, numeric: Sequence[str], categorical: Sequence[str]
) -> DriftPage:
    """Compare the loans of a month with those of development, feature by feature.

    Args:
        now: One row per loan of the month.
        development: One row per loan of the sample it is compared with.
        numeric: Numeric and Boolean features of both.
        categorical: Features of both with levels.
    """
    features = [*numeric, *categorical]
    known = [name for name in features if all(frame[name].null_count() < frame.height for frame in (now, development))]
    numbers = [name for name in numeric if name in known]
    levels = [name for name in categorical if name in known]
    with warnings.catch_warnings(action="ignore"):  # of libraries Evidently uses, about each other
        from evidently import Report
        from evidently.presets import DataDriftPreset

        preset = DataDriftPreset(
            columns=[*numbers, *levels],
            num_method=_NUMERIC_METHOD,
            cat_method=_LEVELS_METHOD,
            num_threshold=_THRESHOLD,
            cat_threshold=_THRESHOLD,
            include_tests=False,
        )
        report = Report([preset]).run(_dataset(now, numbers, levels), _dataset(development, numbers, levels))
        html, found = report.get_html_str(as_iframe=False), report.dict()
    distances = {
        str(metric["config"]["column"]): float(metric["value"])
        for metric in found["metrics"]
        if "column" in metric["config"]
    }
    ranked = dict(sorted(distances.items(), key=lambda item: (-item[1], item[0])))
    return DriftPage(
        html=html,
        distances=ranked,
        drifted=tuple(name for name, distance in ranked.items() if distance >= _THRESHOLD),
        unknown=tuple(name for name in features if name not in known),
    )


def _dataset(frame: pl.DataFrame, numbers: Sequence[str], levels: Sequence[str]) -> Dataset:
    from evidently import DataDefinition, Dataset

    columns = frame.select(
        *(pl.col(name).cast(pl.Float64) for name in numbers), *(pl.col(name).cast(pl.String) for name in levels)
    )
    definition = DataDefinition(numerical_columns=list(numbers), categorical_columns=list(levels))
    return Dataset.from_pandas(columns.to_pandas(), data_definition=definition)
