"""The action of each model: what to do about its version, from what is stored of the month and of those before it.

Rules, states and overrides are written in `monitoring`, the written reports in `reports`. No action is read: a month
decided by itself comes out as in a row.
"""

from datetime import date
from functools import cached_property

import dagster as dg
import polars as pl

from credit_platform.assets.asset_metadata import action_picture
from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.assets.monitoring.earlier_versions import read_for_earlier_versions, tried_in_place_of
from credit_platform.lake.files import write_text
from credit_platform.lake.governance.action_overrides import OverrideLog, override_of
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.action.action import ActionDecision, decide_action, obeying
from credit_platform.monitoring.action.action_state import LOOK_BACK_MONTHS, Judged, Training
from credit_platform.monitoring.action.causes import COMPLETENESS, MONTHS_LOOKED_BACK, SHARE, EarlierSources
from credit_platform.monitoring.action.findings import Finding
from credit_platform.monitoring.action.run_rules import Past
from credit_platform.monitoring.early_warning.early_findings import early_performance_findings, estimate_findings
from credit_platform.monitoring.measures import Subject
from credit_platform.months import add_months, month_key, month_range, months_of
from credit_platform.partitions import MonthlyAxis, months_before
from credit_platform.policy.load import Policy
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import tables_of
from credit_platform.reports.documents.action_report import action_json, action_text
from credit_platform.reports.documents.document import markdown_list
from credit_platform.schemas.evidence import DataQuality

_QUALITY = "monitoring/data_quality"
_READ = ("performance", "stability", "estimate", "early_reads", "estimate_backtest")
# One month further than the state looks: the month before has looked as far back.
_MONTHS_BACK = LOOK_BACK_MONTHS + 1


class ActionDecider:
    """Decides about one model, each month once per run."""

    def __init__(self, lake: Lake, model: str, axis: MonthlyAxis, policy: Policy) -> None:
        self._lake, self._model, self._axis, self._policy = lake, model, axis, policy
        self._overrides = OverrideLog(lake.layout).records()
        self._trainings = _trainings(lake, model)
        self._decided: dict[date, tuple[Subject, ActionDecision]] = {}

    def decide(self, month: date) -> tuple[Subject, ActionDecision]:
        """The decision of a month with its state.

        Raises:
            MissingMonthsError: one of the month's own tables has no file; those of earlier months may be missing.
            AuditError, ModelStoreError: as `tried_in_place_of` does.
        """
        earlier = month_range(max(self._axis.first_outcome, add_months(month, -_MONTHS_BACK)), month)[:-1]
        decided = [self._by_rule(m) for m in earlier if self._is_stored(m)]
        subject, decision = self._by_rule(month)
        judged = [_judged(about, past) for about, past in [*decided, (subject, decision)]]
        decided = decision.with_state(judged, self._trainings, self._policy.monitoring)
        if decided.rollback.is_advised:
            portfolio = self._lake.layout.portfolio
            tried = tried_in_place_of(subject, lake=self._lake, config=self._policy.model)
            advice = decided.rollback.to_the_best(
                tried, newest=month, thresholds=self._policy.monitoring, cases=portfolio.words.cases
            )
            decided = decided.advised(advice)
        return subject, decided

    def _by_rule(self, month: date) -> tuple[Subject, ActionDecision]:
        if month not in self._decided:
            portfolio = self._lake.layout.portfolio
            performance, stability = (
                self._lake.scan(f"monitoring/{self._model}/{part}", [month]).collect()
                for part in ("performance", "stability")
            )
            subject = Subject.of_row(performance.row(0, named=True))
            thresholds = thresholds_of(self._lake, self._policy, self._model, subject.model_version)
            decision = decide_action(
                performance,
                stability,
                subject=subject,
                thresholds=thresholds,
                before_outcome=found_before_outcome(self._lake, self._model, month, self._policy),
                past=self._past(month),
                quality=self._quality(month),
                sources=self._sources(month),
                cases=portfolio.words.cases,
                has_calendar=portfolio.assigned_months is None,
                awaits_outcomes=portfolio.outcome.is_awaited is not None,
            )
            override = override_of(self._overrides, self._model, month, subject.model_version)
            self._decided[month] = subject, obeying(decision, override, thresholds)
        return self._decided[month]

    def _quality(self, month: date) -> pl.DataFrame:
        """The month's scores; empty where they were never made, which the reasons say."""
        known = [month] if self._lake.has(_QUALITY, month) else []
        return self._lake.scan(_QUALITY, known).collect() if known else DataQuality.create_empty()

    def _sources(self, month: date) -> EarlierSources:
        """The shares of sources in the months before, and what data quality calls each source."""
        is_earlier = pl.col("snapshot_month").is_between(add_months(month, -MONTHS_LOOKED_BACK), month, closed="left")
        portfolio = self._lake.layout.portfolio
        names = {f"silver/{source.table}": source.name for source in portfolio.sources}
        tables = ((source, portfolio.features.tables_of(source)) for source in portfolio.features.source_flags)
        return EarlierSources(
            self._shares.filter(is_earlier),
            self._completeness.filter(is_earlier),
            {source: names[table] for source, found in tables for table in found},
        )

    @cached_property
    def _shares(self) -> pl.DataFrame:
        table = f"monitoring/{self._model}/stability"
        return self._lake.scan(table, self._lake.months(table)).filter(metric=SHARE).collect()

    @cached_property
    def _completeness(self) -> pl.DataFrame:
        months = self._lake.months(_QUALITY)
        scored = self._lake.scan(_QUALITY, months).collect() if months else DataQuality.create_empty()
        return scored.filter(dimension=COMPLETENESS)

    def _is_stored(self, month: date) -> bool:
        return all(
            self._lake.has(f"monitoring/{self._model}/{part}", month) for part in self._lake.layout.tables.parts(_READ)
        )

    def _past(self, month: date) -> Past:
        """The stored performance of the months before, as far as policy looks back; never of later ones."""
        table = f"monitoring/{self._model}/performance"
        first = max(self._axis.first_outcome, add_months(month, -_months_compared(self._policy)))
        looked_for = month_range(first, month)[:-1]
        stored = [before for before in looked_for if self._lake.has(table, before)]
        missing = tuple(before for before in looked_for if before not in stored)
        return Past(self._lake.scan(table, stored).collect(), missing) if stored else Past(missing=missing)


def thresholds_of(lake: Lake, policy: Policy, model: str, version: str) -> MonitoringThresholds:
    """The thresholds of policy, floors that are relative to a version's out-of-time result as they are for this one.

    Raises:
        ModelStoreError: a floor is relative and the version cannot be read.
    """
    if not policy.monitoring.is_relative:
        return policy.monitoring
    return policy.monitoring.of_version(model, lake.versions.read(model, version).metadata.result.out_of_time)


def found_before_outcome(lake: Lake, model: str, month: date, policy: Policy) -> list[Finding]:
    """Findings in the estimate and early reads of the month, the newest known in it.

    Raises:
        MissingMonthsError: one of the month's tables has no file.
    """
    found = {
        part: lake.scan(f"monitoring/{model}/{part}", [month]).collect()
        for part in lake.layout.tables.parts(("estimate", "early_reads", "estimate_backtest"))
    }
    estimate, early_reads = found["estimate"], found.get("early_reads")
    is_live = set(estimate["sample_role"]) == {"post"}
    thresholds = thresholds_of(lake, policy, model, str(estimate["model_version"][0]))
    return [
        *estimate_findings(
            estimate,
            found["estimate_backtest"],
            model=model,
            thresholds=thresholds,
            is_live=is_live,
            cases=lake.layout.portfolio.words.cases,
        ),
        *(early_performance_findings(early_reads, thresholds=thresholds) if early_reads is not None else ()),
    ]


def _months_compared(policy: Policy) -> int:
    return policy.monitoring.run_rules.months_looked_at - 1


def _trainings(lake: Lake, model: str) -> list[Training]:
    return [
        Training(
            model_version=record.model_version,
            as_of=record.as_of,
            effective_month=record.effective_month,
            promoted=record.promoted,
            reasons=record.reasons,
            is_rollback=record.is_rollback,
        )
        for record in PromotionLog(lake.layout).records()
        if record.model == model
    ]


def _judged(subject: Subject, decision: ActionDecision) -> Judged:
    return Judged(
        month=subject.snapshot_month,
        model_version=subject.model_version,
        action=decision.action,
        actionable=decision.actionable,
        is_clean=not decision.triggered,
        cause=decision.reasons[0],
    )


def _write_reports(lake: Lake, policy: Policy, subject: Subject, decision: ActionDecision) -> None:
    alias = policy.model.models[subject.model].alias
    stem = f"actions/{alias}_action_{subject.snapshot_month:%Y_%m_%d}"
    write_text(lake.layout.report(f"{stem}.json"), action_json(decision, subject=subject))
    write_text(lake.layout.report(f"{stem}.txt"), action_text(decision, subject=subject))


def _action_asset(model: str, portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    table = f"monitoring/{model}/action"
    reach = {
        "performance": _MONTHS_BACK + _months_compared(policy),
        "stability": _MONTHS_BACK + MONTHS_LOOKED_BACK,
    }

    @dg.asset(
        **table_spec(portfolio, table, axis.outcome_months),
        deps=[
            *(
                dg.AssetDep(
                    asset_key(f"monitoring/{model}/{part}"),
                    partition_mapping=months_before(reach.get(part, _MONTHS_BACK)),
                )
                for part in tables_of(portfolio).parts(_READ)
            ),
            dg.AssetDep(asset_key(_QUALITY), partition_mapping=months_before(_MONTHS_BACK + MONTHS_LOOKED_BACK)),
            *read_for_earlier_versions(policy.model.label.lag_months),
        ],
    )
    def what_to_do(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        decider = ActionDecider(lake, model, axis, policy)
        rows: list[pl.DataFrame] = []
        for month in months_of(context.partition_keys):
            subject, decision = decider.decide(month)
            _write_reports(lake, policy, subject, decision)
            rows.append(decision.to_frame(subject))
            context.add_asset_metadata(
                {
                    "action": decision.action,
                    # All reasons are a click away when they are long; the first is what one wants to know.
                    "why": decision.reasons[0],
                    "rule_action": decision.rule_action,
                    "actionable": decision.actionable,
                    "state": decision.state,
                    "transition": str(decision.transition),
                    "rollback": f"{decision.rollback.within}: {decision.rollback.why}",
                    "model_version": subject.model_version,
                    "reasons": dg.MetadataValue.md(markdown_list(decision.reasons)),
                    "actions_by_month": action_picture(lake, table, rows),
                },
                partition_key=month_key(month),
            )
        return pl.concat(rows)

    return what_to_do


def action_assets(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """The action of every configured model."""
    return [_action_asset(model, portfolio, axis, policy) for model in policy.model.models]
