"""Stability: how far a month's scores and features have moved from the version's validation sample.

Like is compared with like: loans that lack a source with what the version says of its sample without it. That a source
is missing is a figure of its own, so that it is told once and not by every index that it moves. What needs labels
belongs in `performance`; what follows from a shift belongs in `action`.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from credit_platform.monitoring.measures import (
    PRESENT,
    Measure,
    Status,
    Subject,
    band_status,
    by_sources,
    measures_frame,
)
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.scoring.training.samples import is_surely_less
from credit_platform.statistics.intervals import wilson_interval
from credit_platform.statistics.reference import Bins, Reference
from credit_platform.statistics.stability_index import expected_reference, sampling_floor, stability_index

NULL_RATE_RISE_WARN = 0.10  # the share of missing values a version may have at all when it is promoted
NULL_RATE_RISE_BREACH = 0.50  # most of a feature is gone


def measure_stability(
    frame: pl.DataFrame,
    reference: Reference,
    *,
    subject: Subject,
    thresholds: MonitoringThresholds,
    history: str | None = None,
    known_shares: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Compare a month's scores and features with the validation sample.

    `psi` and `psi_sampling_floor` are of the default probability, `csi` and `null_rate` of one feature each, which is
    the segment; `mean_probability_drift` and `std_probability_drift` are changes relative to the validation sample.
    A month too small for an index (its sampling floor reaches the warning) is `insufficient`; an empty month or a
    missing feature is `unknown`. `psi` and `mean_probability` are also of the loans of each value of `sources_present`.

    `source_share` of a source, the segment, is the share of the loans that have it, `source_share_in_development` that
    of the validation sample: `breach` where it is surely less than whatever the version was judged by, `warn` where it
    was judged by as little. There `psi_across_sources` is the index without regard to sources, to say what they move.

    Args:
        frame: One row per loan scored in the month: `default_probability`, `sources_present` and the features.
        reference: Of the validation sample of the version that scored it.
        subject: Whose figures these are; its cohort is the month itself.
        thresholds: Bands of the index and of the drifts.
        history: Column of the frame with the months of history that the reference expects scores by.
        known_shares: The share of each source that the version was judged by when it was trained.

    Returns:
        One row per metric and segment, as `schemas.monitoring.Stability`.
    """
    whole, present = reference, PRESENT if PRESENT in frame.columns else None
    reference = expected_reference(whole, frame, months=history, sources=present)
    psi = _index("psi", "all", reference.probability, frame.get_column("default_probability"), thresholds)
    measures = [psi, *_probability_measures(frame, reference, thresholds, is_small=psi.status == "insufficient")]
    if present is not None:
        for segment, loans in by_sources(frame).items():
            measures += _segment_measures(segment, loans, whole, history, thresholds)
        shares = _source_shares(frame, whole, known_shares or {}, thresholds)
        measures += shares
        if any(measure.status in {"warn", "breach"} for measure in shares):
            across = _index("psi", "all", whole.probability, frame.get_column("default_probability"), thresholds)
            measures.append(replace(across, metric="psi_across_sources", status="ok"))
    for bins in reference.features:
        if bins.name in frame.columns:
            values = frame.get_column(bins.name)
            measures += [_index("csi", bins.name, bins, values, thresholds), _null_rate(bins, values, thresholds)]
        else:
            measures += [
                Measure(metric=metric, segment=bins.name, value=None, n=frame.height, status="unknown")
                for metric in ("csi", "null_rate")
            ]
    return measures_frame(measures, subject)


def _segment_measures(
    segment: str, loans: pl.DataFrame, whole: Reference, history: str | None, thresholds: MonitoringThresholds
) -> list[Measure]:
    own = expected_reference(whole, loans, months=history, sources=PRESENT)
    scores = loans.get_column("default_probability")
    mean = scores.mean()
    return [
        _index("psi", segment, own.probability, scores, thresholds),
        Measure("mean_probability", float(mean) if isinstance(mean, float) else None, loans.height, "ok", segment),
    ]


def _source_shares(
    frame: pl.DataFrame, whole: Reference, known: Mapping[str, float], thresholds: MonitoringThresholds
) -> list[Measure]:
    measures: list[Measure] = []
    n = frame.height
    for source, before in sorted(whole.sources.items()):
        having = int(frame.get_column(PRESENT).str.split("+").list.contains(source).sum())
        share = having / n if n else None
        status: Status = "ok"
        if share is not None and is_surely_less(share, n, before):
            is_news = is_surely_less(share, n, min(before, known.get(source, before)))
            status = "breach" if is_news else "warn"
        interval = wilson_interval(having, n, thresholds.confidence)
        measures.append(Measure("source_share", share, n, status, source, interval=interval))
        measures.append(Measure("source_share_in_development", before, n, "ok", source))
    return measures


def _used_bins(bins: Bins, counts: np.ndarray) -> int:
    return int(((np.asarray(bins.counts) + counts) > 0).sum())


def _index(metric: str, segment: str, bins: Bins, values: pl.Series, thresholds: MonitoringThresholds) -> Measure:
    counts = bins.count(values)
    value = stability_index(bins.counts, counts)
    floor = sampling_floor(_used_bins(bins, counts), round(sum(bins.counts)), values.len())
    is_small = floor is not None and floor >= thresholds.psi.warn
    status = band_status(value, warn=thresholds.psi.warn, breach=thresholds.psi.alert)
    return Measure(
        metric=metric, segment=segment, value=value, n=values.len(), status="insufficient" if is_small else status
    )


def _null_rate(bins: Bins, values: pl.Series, thresholds: MonitoringThresholds) -> Measure:
    """Share of missing values; a rise counts against the validation sample, as a feature may always have had gaps."""
    n, reference_rows = values.len(), sum(bins.counts)
    missing = int(bins.count(values)[-1])
    rate = missing / n if n else None
    rise = None if rate is None or not reference_rows else rate - bins.counts[-1] / reference_rows
    return Measure(
        metric="null_rate",
        segment=bins.name,
        value=rate,
        n=n,
        status=band_status(rise, warn=NULL_RATE_RISE_WARN, breach=NULL_RATE_RISE_BREACH),
        interval=wilson_interval(missing, n, thresholds.confidence),
    )


def _probability_measures(
    frame: pl.DataFrame, reference: Reference, thresholds: MonitoringThresholds, *, is_small: bool
) -> list[Measure]:
    scores = frame.get_column("default_probability").drop_nulls().to_numpy()
    n = frame.height
    mean, std = (float(scores.mean()), float(scores.std())) if scores.size else (None, None)
    bins = reference.probability
    floor = sampling_floor(_used_bins(bins, bins.count(frame.get_column("default_probability"))), reference.n, n)
    limits = (
        ("mean_probability", mean, reference.mean_probability, thresholds.stability.mean_drift),
        ("std_probability", std, reference.std_probability, thresholds.stability.std_drift),
    )
    measures = [Measure(metric="n", value=float(n), n=n, status="ok" if n else "insufficient")]
    measures.append(Measure(metric="psi_sampling_floor", value=floor, n=n, status="ok"))
    for metric, value, expected, limit in limits:
        drift = None if value is None or expected == 0 else value / expected - 1
        beyond = band_status(None if drift is None else abs(drift), warn=limit, breach=limit)
        measures.append(Measure(metric=metric, value=value, n=n, status="insufficient" if is_small else "ok"))
        measures.append(
            Measure(metric=f"{metric}_drift", value=drift, n=n, status="insufficient" if is_small else beyond)
        )
    return measures
