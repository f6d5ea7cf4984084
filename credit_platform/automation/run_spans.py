"""The months of a run, from its tags, and asking for a run over a span of months.

Which runs are asked for is decided in `continuing`, `arriving` and `retraining`.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from credit_platform.instance.dagster_internals import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)
from credit_platform.instance.shared_history import own_runs
from credit_platform.months import month_key, parse_month
from credit_platform.portfolios.portfolio import Portfolio

# First and last month.
Span = tuple[date, date]
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def run_span(tags: dict[str, str]) -> Span | None:
    """First and last month of a run, from its tags; None when it is of no month."""
    month = tags.get(PARTITION_NAME_TAG)
    first, last = tags.get(ASSET_PARTITION_RANGE_START_TAG, month), tags.get(ASSET_PARTITION_RANGE_END_TAG, month)
    return (parse_month(first), parse_month(last)) if first and last else None


def span_request(
    run_key: str, span: Span, tags: dict[str, str], job: str, assets: Sequence[dg.AssetKey] | None = None
) -> dg.RunRequest:
    """Ask for one run of a job over all months of a span; of all its assets, if none are named."""
    first, last = (month_key(month) for month in span)
    is_one = first == last
    in_range: dict[str, str] = (
        {} if is_one else {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}
    )
    return dg.RunRequest(
        run_key=run_key,
        partition_key=first if is_one else None,
        tags=tags | in_range,
        job_name=job,
        asset_selection=assets,
    )


def unfinished_runs(instance: dg.DagsterInstance, portfolio: Portfolio) -> list[tuple[dg.DagsterRun, Span]]:
    """The runs of a book's months that have not ended yet, from whatever started them."""
    runs = own_runs(portfolio, instance.get_runs(filters=dg.RunsFilter(statuses=_UNFINISHED)))
    return [(run, span) for run in runs if (span := run_span(dict(run.tags))) is not None]


def spans_of(months: Sequence[date]) -> list[Span]:
    """The unbroken spans of rising months."""
    spans: list[Span] = []
    for month in months:
        if spans and (month.year * 12 + month.month) - (spans[-1][1].year * 12 + spans[-1][1].month) == 1:
            spans[-1] = (spans[-1][0], month)
        else:
            spans.append((month, month))
    return spans
