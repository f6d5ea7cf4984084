"""How a check is declared: one result per month, whether one month ran or a range, as policy switches it.

What a check looks at belongs to the module of its kind: `gates`, `contracts` and `judgements*`. How results are
recorded is written in `reporting`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

import dagster as dg

from credit_platform.assets.asset_spec import asset_key
from credit_platform.checks.reporting import (
    AssetCheck,
    checked_asset,
    nothing_built,
    report_months,
    run_events,
    run_result,
)
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.portfolio import MonthResult
from credit_platform.texts import description_of

Evaluate = Callable[[Lake, Sequence[date]], Mapping[date, MonthResult]]
EvaluateRun = Callable[[dg.AssetCheckExecutionContext, Lake, Sequence[date]], Mapping[date, MonthResult]]

# Run tag that names the checks a run did not evaluate.
SWITCHED_OFF_TAG = "credit_platform/checks_switched_off"
SHIPPED = CheckPolicy()


def monthly_check(
    asset: str,
    name: str,
    evaluate: Evaluate,
    *,
    axis: dg.PartitionsDefinition,
    description: str,
    is_blocking: bool,
    policy: CheckPolicy = SHIPPED,
    built: Callable[[Lake], Sequence[date]] | None = None,
) -> dg.AssetChecksDefinition:
    """A check with a result per month: blocking with ERROR, or a judgement that warns.

    `evaluate` is called once with all months of the run and answers for each of them. Policy may switch the check off,
    make a blocking one warn or a judgement block. `built` gives the months of an asset that is no monthly table.
    """

    def evaluate_run(
        _context: dg.AssetCheckExecutionContext, lake: Lake, months: Sequence[date]
    ) -> Mapping[date, MonthResult]:
        return evaluate(lake, months)

    return monthly_run_check(
        asset,
        name,
        evaluate_run,
        axis=axis,
        description=description,
        is_blocking=is_blocking,
        policy=policy,
        built=built,
    )


def judgement(
    asset: str, name: str, evaluate: Evaluate, axis: MonthlyAxis, policy: CheckPolicy, **values: object
) -> dg.AssetChecksDefinition:
    """A check of a snapshot table that warns and never blocks; `values` are those of its text in descriptions.yaml."""
    said = description_of(__file__, name, **values)
    months = axis.snapshot_months
    return monthly_check(asset, name, evaluate, axis=months, is_blocking=False, policy=policy, description=said)


def monthly_run_check(
    asset: str,
    name: str,
    evaluate: EvaluateRun,
    *,
    axis: dg.PartitionsDefinition,
    description: str,
    is_blocking: bool,
    policy: CheckPolicy = SHIPPED,
    built: Callable[[Lake], Sequence[date]] | None = None,
) -> dg.AssetChecksDefinition:
    """As `monthly_check`, for checks that look at the run or the history as well."""
    toggle = policy.toggle_of(asset, name)
    blocks = toggle.enabled and (toggle.severity == "error" if toggle.severity else is_blocking)
    severity = dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN

    # The decorator's type knows functions that return a result only; one that yields runs as well.
    @dg.asset_check(  # pyrefly: ignore[bad-argument-type]
        asset=asset_key(asset),
        name=name,
        blocking=blocks,
        partitions_def=axis,
        description=_said(description, is_on=toggle.enabled, is_blocking=is_blocking, blocks=blocks),
    )
    def evaluated_per_month(
        context: dg.AssetCheckExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> Iterator[dg.AssetCheckResult | dg.Output[None] | dg.AssetCheckEvaluation]:
        check = AssetCheck(checked_asset(context), name, severity, is_blocking=blocks)
        months = _months_to_check(context, lake, axis, built or (lambda lake: lake.months(asset)))
        if not months:
            yield from run_events(context, check, nothing_built(asset, severity))
            return
        if toggle.enabled:
            results = evaluate(context, lake, months)
            if toggle.severity == "error":
                results = {month: replace(result, is_warning=False) for month, result in results.items()}
        else:
            results = {month: _not_looked_at(month) for month in months}
            _note_on_the_run(context, f"{asset}/{name}")
        if not context.has_partition_key:
            report_months(context, check, results)
        yield from run_events(context, check, run_result(results, severity))

    return evaluated_per_month


def _months_to_check(
    context: dg.AssetCheckExecutionContext,
    lake: Lake,
    axis: dg.PartitionsDefinition,
    built: Callable[[Lake], Sequence[date]],
) -> list[date]:
    """The months of the run; a run of no month, which "Execute all" in the UI starts, checks every month there is."""
    if context.has_partition_key or context.has_partition_key_range:
        return months_of(context.partition_keys)
    return [month for month in built(lake) if axis.has_partition_key(month_key(month))]


def _said(description: str, *, is_on: bool, is_blocking: bool, blocks: bool) -> str:
    if not is_on:
        return f"Switched off by policy (checks.toggles in data_quality.yaml): nothing is looked at. {description}"
    if blocks == is_blocking:
        return description
    effect = "stops what depends on the month" if blocks else "warns and stops nothing"
    return f"By policy a failure {effect}. {description}"


def _not_looked_at(month: date) -> MonthResult:
    # It counts as passed because a failed check would stop or alarm; that nothing was seen is said in every result.
    said = f"{month:%Y-%m}: switched off by policy; nothing was looked at."
    return MonthResult(passed=True, description=said, metadata={"switched_off": True})


def _note_on_the_run(context: dg.AssetCheckExecutionContext, name: str) -> None:
    context.log.warning("%s is switched off by policy (checks.toggles in data_quality.yaml)", name)
    record = context.instance.get_run_by_id(context.run.run_id)
    before = record.tags.get(SWITCHED_OFF_TAG, "").split(", ") if record else []
    names = sorted({name, *filter(None, before)})
    context.instance.add_run_tags(context.run.run_id, {SWITCHED_OFF_TAG: ", ".join(names)})
