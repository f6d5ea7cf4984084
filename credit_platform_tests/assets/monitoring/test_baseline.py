"""The out-of-time result that a matured cohort is compared with: like with like in its sources."""

from __future__ import annotations

import polars as pl
import pytest

from credit_platform.assets.monitoring.monitoring import _out_of_time
from credit_platform.lake.models.stored_version import VersionMetadata
from credit_platform.monitoring.performance.degradation import Baseline
from credit_platform.statistics.intervals import Interval


def row(value: float) -> dict[str, object]:
    return {"sample_role": "oot", "metric": "roc_auc", "value": value, "ci_low": 0.5, "ci_high": 1.0}


OLD: dict[str, object] = {"metrics": [row(0.9)], "without_clicks": [row(0.7)]}
SHARES = {"bureau": 1.0, "clicks": 1.0}
NEW = OLD | {"newest_mix": {"present": SHARES | {"clicks": 0.5}, "sample": SHARES, "metrics": [row(0.8)]}}


@pytest.mark.parametrize(
    ("known", "n_with_clicks", "expected"),
    [(NEW, 10, 0.9), (NEW, 6, 0.8), (NEW, 0, 0.7), (OLD, 10, 0.9), (OLD, 0, 0.9)],
)
def test_the_baseline_is_that_of_the_nearest_mix(known: dict[str, object], n_with_clicks: int, expected: float) -> None:
    present = ["bureau+clicks"] * n_with_clicks + ["bureau"] * (10 - n_with_clicks)
    scored = pl.DataFrame({"sources_present": present})
    assert _out_of_time(VersionMetadata.model_validate(known), scored) == Baseline(expected, Interval(0.5, 1.0))


@pytest.mark.parametrize("known", [NEW, OLD, {}])
@pytest.mark.parametrize("sources", [[], ["", ""], ["another"]])
def test_cohorts_without_loans_or_known_sources_are_no_error(known: dict[str, object], sources: list[str]) -> None:
    scored = pl.DataFrame({"sources_present": sources}, schema={"sources_present": pl.String})
    assert isinstance(_out_of_time(VersionMetadata.model_validate(known), scored), Baseline)
