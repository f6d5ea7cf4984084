"""What a matured cohort says about calibration and about how many bads lie where the risk is highest.

The statistics themselves are in `scoring`; metrics with a floor, counts and rates belong in `performance`.
"""

import numpy as np

from credit_platform.monitoring.measures import Measure, Status
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.scoring.evaluation.labelled_sample import LabelledSample
from credit_platform.statistics.calibration import WaldEstimate, calibration_in_the_large, calibration_line
from credit_platform.statistics.intervals import Interval, drawn_counts, interval_of_draws
from credit_platform.statistics.ranked_sample import RankedSample

SHARES = (0.10, 0.20)  # of the riskiest loans


def measure_of(
    outcome: LabelledSample,
    thresholds: MonitoringThresholds,
    metric: str,
    value: float | None,
    interval: Interval | None = None,
    *,
    status: Status = "ok",
) -> Measure:
    """A figure of a cohort, whose status counts only where the cohort has enough of both classes."""
    is_enough = outcome.is_enough(thresholds.min_bads)
    return Measure(
        metric=metric,
        value=value,
        n=outcome.n,
        n_bad=outcome.n_bad,
        interval=interval,
        status=status if is_enough else "insufficient",
    )


def calibration_measures(outcome: LabelledSample, thresholds: MonitoringThresholds) -> list[Measure]:
    """The calibration line and calibration in the large; a warning when the interval leaves the honest value out.

    Honest are a slope of 1, an intercept of 0, and 0 in the large.
    """
    level = thresholds.confidence
    line = calibration_line(outcome.label, outcome.probability, level)
    in_the_large = calibration_in_the_large(outcome.label, outcome.probability, level)
    return [
        _against(outcome, thresholds, "calibration_slope", line.slope if line else None, honest=1.0),
        _against(outcome, thresholds, "calibration_intercept", line.intercept if line else None, honest=0.0),
        _against(outcome, thresholds, "calibration_in_the_large", in_the_large, honest=0.0),
    ]


def _against(
    outcome: LabelledSample,
    thresholds: MonitoringThresholds,
    metric: str,
    estimate: WaldEstimate | None,
    *,
    honest: float,
) -> Measure:
    if estimate is None:
        return measure_of(outcome, thresholds, metric, None)
    status: Status = "ok" if estimate.low <= honest <= estimate.high else "warn"
    interval = Interval(estimate.low, estimate.high)
    return measure_of(outcome, thresholds, metric, estimate.value, interval, status=status)


def gains_measures(outcome: LabelledSample, thresholds: MonitoringThresholds) -> list[Measure]:
    """Capture rate and lift of the riskiest tenth and fifth, with bootstrap intervals; undefined without a bad."""
    times = drawn_counts(outcome.label, is_stratified=False)
    measures: list[Measure] = []
    ranked = RankedSample.of(outcome.label, outcome.probability)
    # Counts are of loans in the order of the rows, the sample is in that of its probability.
    order = np.lexsort((outcome.label, outcome.probability))
    for share in SHARES:
        captured = float(ranked.capture_rate(ranked.itself, share)[0]) if outcome.n_bad else None
        interval = None
        if captured is not None and times is not None:
            draws = ranked.capture_rate(times[:, order], share)
            interval = interval_of_draws(draws, captured, confidence=thresholds.confidence)
        for kind, scale in (("capture_rate", 1.0), ("lift", 1 / share)):
            metric, value = f"{kind}_at_{share:.0%}".removesuffix("%"), None if captured is None else captured * scale
            scaled = None if interval is None else Interval(interval.low * scale, interval.high * scale)
            measures.append(measure_of(outcome, thresholds, metric, value, scaled))
    return measures
