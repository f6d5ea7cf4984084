"""What is checked of the service each month: what it decided against log and pipeline, and how it answered.

They warn and stop nothing: a decision that was taken online was given to somebody. What a row must look like is its
contract and in `contracts`.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.checks.monthly import monthly_check
from credit_platform.lake.governance.last_decisions import LastDecision, last_decisions
from credit_platform.lake.governance.online_decisions import OnlineDecisionLog, segment_of
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.portfolio import MonthResult, Portfolio
from credit_platform.portfolios.tables import DECISIONS, ONLINE_DECISIONS, SERVICE
from credit_platform.texts import description_of

ONLINE_CHECK = "online_decisions_are_those_of_the_log"
SERVICE_CHECK = "service_answers_in_time"
_FEATURES = "gold/feature_store"
_SHOWN = 3


def service_checks(portfolio: Portfolio, axis: MonthlyAxis, policy: CheckPolicy) -> list[dg.AssetChecksDefinition]:
    """The check of decisions taken online, and that of how the service answered."""

    def decided(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        log = OnlineDecisionLog(lake.layout)
        found = last_decisions(log, months)
        return {month: _decided(lake, log, month, found[month], portfolio) for month in months}

    def answered(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        return {month: _answered(lake.scan(SERVICE, [month]).collect(), month) for month in months}

    return [
        monthly_check(
            table,
            name,
            evaluate,
            axis=axis.scoring_months,
            is_blocking=False,
            policy=policy,
            description=description_of(__file__, name, cases=portfolio.words.cases, case=portfolio.words.case),
        )
        for table, name, evaluate in (
            (ONLINE_DECISIONS, ONLINE_CHECK, decided),
            (SERVICE, SERVICE_CHECK, answered),
        )
    ]


def _decided(
    lake: Lake, log: OnlineDecisionLog, month: date, known: dict[str, LastDecision], portfolio: Portfolio
) -> MonthResult:
    key = portfolio.cases.key
    rows = lake.scan(ONLINE_DECISIONS, [month]).select(key, "decision_id").collect()
    # Decisions that came after the table was made are in the log alone, and nothing is wrong with them.
    lost = [case for case, _ in rows.iter_rows() if case not in known]
    broken = log.verify(month, also={segment_of(one) for one in rows["decision_id"]})
    compared, differing = _against_the_batch(lake, month, known, key)
    faults = {
        "faults of the log": len(broken),
        f"{portfolio.words.cases} that the log does not have": len(lost),
        f"{portfolio.words.cases} with more than one row": rows.height - rows[key].n_unique(),
        "with another probability than the pipeline gave the same features by the same version": len(differing),
    }
    found = {fault: n for fault, n in faults.items() if n}
    said = "; ".join(f"{n:,} {fault}" for fault, n in found.items())
    named = "; ".join([*broken[:_SHOWN], *(f"{portfolio.words.case} {case}" for case in differing[:_SHOWN])])
    good = f"{rows.height:,} {portfolio.words.cases} decided online, {compared:,} of them alike by the pipeline"
    return MonthResult(
        passed=not found,
        description=f"{month:%Y-%m}: {f'{said} ({named})' if named else said or good}.",
        metadata={"n_cases": rows.height, "n_compared": compared, **faults},
    )


def _against_the_batch(lake: Lake, month: date, known: dict[str, LastDecision], key: str) -> tuple[int, list[str]]:
    """How many cases the pipeline decided by the same version of the same features, and those it decided otherwise."""
    if not known or not (lake.has(DECISIONS, month) and lake.has(_FEATURES, month)):
        return 0, []
    features = lake.scan(_FEATURES, [month]).filter(pl.col(key).is_in(list(known))).collect()
    made_of = {row[key]: {name: _plain(value) for name, value in row.items()} for row in features.iter_rows(named=True)}
    columns = (key, "model", "model_version", "raw_probability", "default_probability")
    same: dict[str, bool] = {}
    for case, *scored in lake.scan(DECISIONS, [month]).select(columns).collect().iter_rows():
        online = known.get(case)
        if online is None or case not in made_of or online.differs_from(made_of[case]):
            continue
        own = [online.decision[name] for name in columns[1:]]
        if own[:2] == scored[:2]:
            same[case] = own == scored
    return len(same), [case for case, is_same in same.items() if not is_same]


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _answered(rows: pl.DataFrame, month: date) -> MonthResult:
    missed = rows.filter(status="breach")
    n, n_failed = int(rows["n"].sum()), int(rows["n_failed"].sum())
    said = "; ".join(
        f"{row['endpoint']} ({row['size']}): {row['failed_share']:.2%} of {row['n']:,} failed, 99 % took "
        + _time(row["p99_milliseconds"])
        for row in missed.iter_rows(named=True)
    )
    good = f"{n:,} requests were answered, {n_failed:,} of them with 5xx" if rows.height else "no service"
    return MonthResult(
        passed=missed.is_empty(),
        description=f"{month:%Y-%m}: {said or good}.",
        metadata={"n_requests": n, "n_failed": n_failed, "n_missed": missed.height},
    )


def _time(milliseconds: float | None) -> str:
    return "longer than is measured" if milliseconds is None else f"at most {milliseconds:.0f} ms"
