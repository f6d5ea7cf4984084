"""What was decided of each case of a month, last, in the log of decisions taken online, and the table of it.

Writing the log and its chain belong to `online_decisions`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from credit_platform.errors import AuditError
from credit_platform.lake.governance.online_decisions import LoggedRequest, OnlineDecisionLog
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.tables import ONLINE_DECISIONS
from credit_platform.scoring.explanation.reasons import REASON_COLUMNS

_FEATURES = "gold/feature_store"


@dataclass(frozen=True)
class LastDecision:
    """The last decision of a case.

    Attributes:
        decision_id: its id.
        decision: as it is in the log.
        provenance: how it came to be.
        n_decisions: how often the case was decided, this time included.
    """

    decision_id: str
    decision: Mapping[str, Any]
    provenance: str
    n_decisions: int

    def differs_from(self, features: Mapping[str, object]) -> bool:
        """Whether it was taken of other features than these, dates as text; what both do not have is left out."""
        own = self.decision["features"]
        return any(own[name] != features[name] for name in own.keys() & features.keys())


def last_decisions(log: OnlineDecisionLog, months: Collection[date]) -> dict[date, dict[str, LastDecision]]:
    """The last decision of each case of some months of application, by case.

    The last is that with the latest time. Of two at the same time, by two processes, it is the one whose id comes last,
    so that the same log always gives the same decisions.

    Raises:
        AuditError: a record of the log cannot be read.
    """
    found: dict[date, dict[str, LastDecision]] = {month: {} for month in months}
    places: dict[tuple[date, str], tuple[str, str, int, int]] = {}
    for request in _readable(log, months):
        content, place = request.content, request.place
        for index, decision in enumerate(content["decisions"]):
            month, case = date.fromisoformat(decision["snapshot_month"]), decision["case"]
            if month not in found:
                continue
            before = found[month].get(case)
            own, n = (content["time"], place.segment, place.sequence, index), before.n_decisions + 1 if before else 1
            if before is None or own > places[month, case]:
                places[month, case] = own
                before = LastDecision(place.decision_id(index), decision, content["provenance"], n)
            found[month][case] = LastDecision(before.decision_id, before.decision, before.provenance, n)
    return found


def _readable(log: OnlineDecisionLog, months: Collection[date]) -> Iterator[LoggedRequest]:
    try:
        yield from log.requests(about=months)
    except ValueError as error:
        reason = "a record cannot be read; `credit-platform decision verify` says which"
        raise AuditError(file=log.layout.online_decisions(), reason=reason) from error


def decided_online(lake: Lake, months: Collection[date]) -> pl.DataFrame:
    """The rows of `decision/online` for some months of application, by month and case; none where nothing was decided.

    Who applied is looked up in the feature store, where the case has arrived there.
    """
    cases, table = lake.layout.portfolio.cases, ONLINE_DECISIONS
    dtypes = {name: column.dtype for name, column in lake.layout.tables[table].columns().items()}
    own = {name: dtype for name, dtype in dtypes.items() if name != cases.customer}
    rows = [
        {name: value for name, value in _row(month, cases.key, one).items() if name in own}
        for month, decided in last_decisions(OnlineDecisionLog(lake.layout), months).items()
        for one in decided.values()
    ]
    known = [month for month in months if lake.has(_FEATURES, month)]
    by = ["snapshot_month", cases.key]
    found = pl.DataFrame(rows, schema=own)
    customers = (
        lake.scan(_FEATURES, known).select(*by, cases.customer).collect()
        if known and rows
        else pl.DataFrame(schema={name: dtypes[name] for name in (*by, cases.customer)})
    )
    return found.join(customers, on=by, how="left", validate="1:1").select(dtypes.keys()).sort(by)


def _row(month: date, key: str, one: LastDecision) -> dict[str, object]:
    codes = [reason["code"] for reason in one.decision["reasons"]]
    return {
        **one.decision,
        **dict(zip(REASON_COLUMNS, codes, strict=False)),
        key: one.decision["case"],
        "snapshot_month": month,
        "provenance": one.provenance,
        "decision_id": one.decision_id,
        "n_decisions": one.n_decisions,
    }
