"""A source that loans no longer have is told first, once, with its month; what follows from it is told under it."""

from __future__ import annotations

import polars as pl
import pytest

from credit_platform.monitoring.action.action import ActionDecision, decide_action
from credit_platform.monitoring.action.causes import DEVELOPED, SHARE, EarlierSources
from credit_platform.monitoring.action.findings import Finding
from credit_platform.months import add_months
from credit_platform.schemas.evidence import DataQuality
from credit_platform_tests.monitoring_rows import MONTH, figures, subject, thresholds

GOOD = {
    "roc_auc": 0.85, "accuracy": 0.80, "f1_score": 0.65, "precision": 0.66, "recall": 0.70, "roc_auc_degradation": 0.01
}  # fmt: skip
STABLE = {"psi": 0.03, "mean_probability_drift": 0.02, "std_probability_drift": 0.02}
ESTIMATE = Finding("estimated_below_threshold", "roc_auc", 0.7, 0.8, True, "estimated below 0.8")  # noqa: FBT003


def shares(share: float, status: str, *, months_ago: int = 0) -> pl.DataFrame:
    at = subject(lag=0, month=add_months(MONTH, -months_ago))
    rows = [
        figures({SHARE: share}, at=at, n_bad=None).with_columns(status=pl.lit(status)),
        figures({DEVELOPED: 0.9}, at=at, n_bad=None),
    ]
    return pl.concat(rows).with_columns(segment=pl.lit("clicks"))


def decide(
    share: float,
    status: str,
    *,
    performance: dict[str, float | None] | None = None,
    lit: int = 0,
    earlier: tuple[float, ...] = (),
    degraded: str = "ok",
) -> ActionDecision:
    """A month in which `share` of the loans have clicks; `lit` of the 500 loans with an outcome had them."""
    at = subject()
    measured = figures(GOOD | (performance or {}), at=at).with_columns(
        status=pl.when(metric="roc_auc_degradation").then(pl.lit(degraded)).otherwise("status")
    )
    segments = [
        figures({"roc_auc": 0.8}, at=at, n=n).with_columns(segment=pl.lit(name))
        for name, n in (("bureau+clicks", lit), ("bureau", 500 - lit))
    ]
    scored = [figures(STABLE, at=subject(lag=0), n_bad=None), shares(share, status)]
    if status != "ok":
        scored.append(figures({"psi_across_sources": 3.1}, at=subject(lag=0), n_bad=None))
    past = [shares(before, "ok", months_ago=place) for place, before in enumerate(earlier, start=1)]
    return decide_action(
        pl.concat([measured, *segments]),
        pl.concat(scored),
        subject=at,
        thresholds=thresholds(decision_mode="point"),
        before_outcome=[ESTIMATE] if share < 0.5 else [],
        quality=pl.DataFrame(
            {
                "source": ["web"], "dimension": ["completeness"], "value": [share], "detail": ["few"]
            }
        ),
        sources=EarlierSources(pl.concat(past) if past else shares(0.9, "ok").clear(), names={"clicks": "web"}),
        cases="loans",
    )  # fmt: skip


def test_a_missing_source_stands_first_and_its_consequences_under_it() -> None:
    decision = decide(0.0, "breach", performance={"roc_auc": 0.78}, earlier=(0.01, 0.0, 0.9))
    assert decision.action == "active_monitoring"
    assert [reason.split(":")[0] for reason in decision.reasons] == ["source_missing"] + [
        "follows from the lack of clicks"
    ] * (len(decision.reasons) - 1)
    assert decision.reasons[0].startswith("source_missing: clicks is missing since 2025-04: 0.0% of the 500 loans")
    followed = " ".join(decision.reasons[1:])
    for told in ("estimated below 0.8", "roc_auc 0.7800", "data_quality of web", "psi of the scores is 3.1000"):
        assert told in followed


def test_a_source_that_the_version_was_judged_without_is_told_and_asks_for_nothing() -> None:
    decision = decide(0.6, "warn")
    assert (decision.action, decision.state) == ("monitor", "watch")
    assert decision.reasons[0].startswith("source_still_missing: clicks is scarcer since 2025-06 or before, by which")


def test_a_source_that_is_there_is_no_finding() -> None:
    decision = decide(0.9, "ok")
    assert decision.reasons[0].startswith("every P0 and P1 metric")


@pytest.mark.parametrize(
    ("lit", "degraded"), [(400, "ok"), (0, "warn")], ids=["the outcome's loans have it", "ranked worse than without it"]
)
def test_a_shortfall_that_the_lack_does_not_explain_stands_by_itself(lit: int, degraded: str) -> None:
    decision = decide(0.0, "breach", performance={"roc_auc": 0.7}, lit=lit, degraded=degraded)
    assert decision.action == "retrain"
    assert any(reason.startswith("below_business_threshold: roc_auc 0.7000") for reason in decision.reasons)
    assert decision.reasons[0].startswith("source_missing: ")


def test_the_strictest_action_decides_though_it_follows_from_the_lack() -> None:
    decision = decide(0.0, "breach", performance={"roc_auc": 0.7})
    assert decision.action == "retrain"
    assert decision.reasons[0].startswith("source_missing: ")
    assert any("clicks: below_business_threshold: roc_auc 0.7000" in reason for reason in decision.reasons)


@pytest.mark.parametrize(
    ("earlier", "since"),
    [((), "2025-06 or before"), ((0.9,), "2025-06:"), ((0.0, 0.0), "2025-04 or before"), ((0.9, 0.0), "2025-06:")],
)
def test_the_month_is_the_first_of_those_in_a_row(earlier: tuple[float, ...], since: str) -> None:
    assert f"since {since}" in decide(0.0, "breach", earlier=earlier).reasons[0]


def quality(value: float | None, *, months_ago: int = 0) -> pl.DataFrame:
    row = {"snapshot_month": add_months(MONTH, -months_ago), "source": "web", "dimension": "completeness"}
    return DataQuality.validate(pl.DataFrame([row | {"value": value, "n": 0, "detail": "few"}]), cast=True)


@pytest.mark.parametrize(
    ("earlier", "since", "rule"),
    [
        ((0.0, 0.0, 0.8), "2025-04", "source_missing"),
        ((0.8,), "2025-06", "source_missing"),
        ((0.0,) * 7 + (0.8,), "2024-11", "source_still_missing"),
    ],
)
def test_a_source_that_brings_nothing_is_told_though_loans_have_a_history(
    earlier: tuple[float, ...], since: str, rule: str
) -> None:
    """The version was trained as of 2024-12."""
    past = pl.concat(quality(value, months_ago=place) for place, value in enumerate(earlier, start=1))
    decision = decide_action(
        figures(GOOD, at=subject()),
        pl.concat([figures(STABLE, at=subject(lag=0), n_bad=None), shares(0.9, "ok")]),
        subject=subject(),
        thresholds=thresholds(decision_mode="point"),
        quality=quality(0.0),
        sources=EarlierSources(completeness=past, names={"clicks": "web"}),
        cases="loans",
    )
    assert decision.reasons[0].startswith(f"{rule}: clicks brings nothing since {since}")
    assert decision.reasons[1].startswith("follows from the lack of clicks: worth_watching: data_quality of web")
    assert decision.action == ("active_monitoring" if rule == "source_missing" else "monitor")


@pytest.mark.parametrize("value", [0.5, None])
def test_a_source_that_brings_something_or_was_not_counted_is_not_missing(value: float | None) -> None:
    decision = decide_action(
        figures(GOOD, at=subject()),
        figures(STABLE, at=subject(lag=0), n_bad=None),
        subject=subject(),
        thresholds=thresholds(decision_mode="point"),
        quality=quality(value),
        sources=EarlierSources(names={"clicks": "web"}),
        cases="loans",
    )
    assert not [reason for reason in decision.reasons if "source_" in reason]
