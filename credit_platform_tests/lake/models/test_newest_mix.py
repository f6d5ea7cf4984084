"""Which of a version's figures is judged, and which a cohort's ranking is compared with."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from credit_platform.lake.models.stored_version import VersionMetadata
from credit_platform.statistics.intervals import Interval


def row(sample: str, value: float) -> dict[str, object]:
    return {"sample_role": sample, "metric": "roc_auc", "value": value, "ci_low": value - 0.01, "ci_high": value + 0.01}


ALL = {"attributes": 1.0, "clickstream": 1.0}
OLD: dict[str, object] = {
    "metrics": [row("train", 0.95), row("test", 0.93), row("oot", 0.92)],
    "without_clickstream": [row("oot", 0.75)],
}
HALF = OLD | {
    "newest_mix": {
        "cohorts": ["2024-01-01"],
        "present": ALL | {"clickstream": 0.5},
        "sample": ALL,
        "metrics": [row("test", 0.84), row("oot", 0.83)],
    }
}


def test_the_figure_as_the_newest_cohorts_have_sources_decides_and_the_other_is_kept() -> None:
    metadata = VersionMetadata.model_validate(HALF)
    assert metadata.result.roc_auc == {"train": 0.95, "test": 0.84, "oot": 0.83}
    assert metadata.result.intervals["oot"] == Interval(0.83 - 0.01, 0.83 + 0.01)
    both = (metadata.roc_auc("oot"), metadata.judged_auc("oot"))
    assert [auc.value for auc in both if auc is not None] == [0.92, 0.83]


def test_a_version_stored_before_is_judged_on_its_samples() -> None:
    metadata = VersionMetadata.model_validate(OLD)
    assert metadata.newest_mix is None
    assert metadata.result.roc_auc == {"train": 0.95, "test": 0.93, "oot": 0.92}
    assert metadata.judged_auc("oot") == metadata.roc_auc("oot") == metadata.baseline_auc({"attributes": 1.0})
    assert metadata.judged_auc("validation") is None


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        (ALL, 0.92),
        (ALL | {"clickstream": 0.8}, 0.92),
        (ALL | {"clickstream": 0.6}, 0.83),
        (ALL | {"clickstream": 0.3}, 0.83),
        (ALL | {"clickstream": 0.1}, 0.75),
        ({"attributes": 1.0}, 0.75),
        ({"attributes": 1.0, "another": 0.5}, 0.75),
    ],
)
def test_a_cohort_is_compared_with_the_figure_under_the_mix_nearest_to_its_own(
    present: Mapping[str, float], expected: float
) -> None:
    auc = VersionMetadata.model_validate(HALF).baseline_auc(present)
    assert auc is not None
    assert auc.value == expected
