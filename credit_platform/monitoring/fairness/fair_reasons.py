"""Which reasons each group of applicants was given, beside those of all others.

Statistics, not law, as in fair_lending. Choosing the reasons of a loan belongs to scoring.
"""

import polars as pl

from credit_platform.monitoring.fairness.fair_lending import GROUP
from credit_platform.monitoring.measures import Measure, Status, Subject, measures_frame
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.scoring.explanation.reasons import mix_counts, mix_index, reason_mix
from credit_platform.statistics.intervals import wilson_interval
from credit_platform.statistics.stability_index import sampling_floor


def measure_reasons(scored: pl.DataFrame, *, subject: Subject, thresholds: MonitoringThresholds) -> pl.DataFrame:
    """Compare the reasons given to the groups of one cohort.

    Per group: `reason_share:<code>`, the share of its loans that have the reason among their four (Wilson), for every
    reason the cohort has; `reason_mix_psi`, the population stability index of its reasons against those of all other
    applicants, a warning from `psi.warn` on. There is no breach. A group smaller than `min_group` is insufficient, and
    so is an index whose sampling floor reaches the warning.

    Args:
        scored: One row per scored loan: `reason_1` to `reason_4` and `group`.
        subject: Whose figures these are.
        thresholds: Policy, of which `fair_lending.min_group`, `psi` and `confidence` are used.

    Returns:
        One row per metric and group, as `schemas.monitoring.FairLending`; empty for an empty cohort.
    """
    codes = reason_mix(scored)["reason"].sort().to_list()
    measures: list[Measure] = []
    for (name,), part in sorted(scored.partition_by(GROUP, as_dict=True).items()):
        is_small = part.height < thresholds.fair_lending.min_group
        given = mix_counts(reason_mix(part))
        others = reason_mix(scored.filter(pl.col(GROUP) != name))
        measures += [
            Measure(
                f"reason_share:{code}",
                given.get(code, 0) / part.height,
                part.height,
                "insufficient" if is_small else "ok",
                segment=str(name),
                interval=wilson_interval(given.get(code, 0), part.height, thresholds.confidence),
            )
            for code in codes
        ]
        index = mix_index(given, others)
        # Reasons are counted, not loans: a loan has up to four.
        floor = sampling_floor(len(codes), sum(given.values()), sum(mix_counts(others).values()))
        is_noise = floor is None or floor >= thresholds.psi.warn
        status: Status = "warn" if index is not None and index >= thresholds.psi.warn else "ok"
        measures.append(
            Measure(
                "reason_mix_psi",
                index,
                part.height,
                "insufficient" if is_small or is_noise else status,
                segment=str(name),
            )
        )
    return measures_frame(measures, subject)
