"""Tapes of a few loans and their customers, cleaned month by month or all months at once, as the silver asset does it.

What is right about a tape stands in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl

from credit_platform.assets.tables.silver import clean_source
from credit_platform.checks.case_gates import case_gates
from credit_platform.checks.judgements_features import lost_source_check
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.checks.evaluating import AXIS, FIRST, evaluated
from credit_platform_tests.source_rows import SOUND_CELLS, Cells, bronze_rows

WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
CONFIG = LOANS.load_policy().model
LOAN_FILE, FILES_OF_CUSTOMERS = "lms_loan_daily", ("features_attributes", "features_financials", "feature_clickstream")
Result = dg.AssetCheckEvaluation


def loan(
    name: str,
    *,
    customer: str | None = None,
    start: date = FIRST,
    n_months: int = 7,
    missed_from: int | None = None,
    tenure: int = 10,
    first_mob: int = 0,
) -> list[dict[str, str | None]]:
    """The rows of one loan from its start on; from a month on book on it pays nothing more."""
    rows: list[dict[str, str | None]] = []
    for mob in range(first_mob, n_months):
        n_missed = 0 if missed_from is None else max(0, mob - missed_from + 1)
        rows.append(
            {
                "loan_id": name,
                "Customer_ID": customer or f"CUS_{name}",
                "loan_start_date": start.isoformat(),
                "tenure": str(tenure),
                "installment_num": str(mob),
                "due_amt": "1000.0" if mob else "0.0",
                "overdue_amt": f"{1000 * n_missed}.0",
                "balance": f"{10000 - 1000 * (mob - n_missed)}.0",
                "snapshot_date": add_months(start, mob).isoformat(),
            }
        )
    return rows


def deliver(lake: Lake, source: str, rows: Iterable[Cells]) -> None:
    """Write rows to bronze, each in the month of its snapshot."""
    by_month: dict[date, list[Cells]] = {}
    for row in rows:
        day = row.get("snapshot_date") or SOUND_CELLS[source]["snapshot_date"] or ""
        by_month.setdefault(date.fromisoformat(day).replace(day=1), []).append(row)
    months = month_range(FIRST, max(by_month))
    frames = [bronze_rows(source, *by_month.get(month, []), month=month) for month in months]
    lake.write(f"bronze/{source}", pl.concat(frames).collect(), months)


def clean(lake: Lake, source: str, *, at_once: bool = True) -> None:
    """Make silver and quarantine of all bronze months, in one run or in one run a month."""
    known = LOANS.source(source)
    months = lake.months(f"bronze/{source}")
    for run in [months] if at_once else [[month] for month in months]:
        rows, quarantined = clean_source(known, LOANS.cases, lake, months=run, config=CONFIG, strategies={})
        lake.write(f"silver/{known.table}", rows, run)
        lake.write(f"quarantine/{known.table}", quarantined, run)


def tape(root: Path, tables: Mapping[str, Iterable[Cells]], *, at_once: bool = True) -> Lake:
    """A lake with all sources delivered and cleaned; one that is not given knows the customers of all loans."""
    lake = Lake.at(root, portfolio=LOANS)
    loans = list(tables[LOAN_FILE])
    customers = [
        {"Customer_ID": name, "snapshot_date": FIRST.isoformat()}
        for name in dict.fromkeys(row["Customer_ID"] for row in loans)
    ]
    for source in (LOAN_FILE, *FILES_OF_CUSTOMERS):
        deliver(lake, source, tables.get(source, customers))
        clean(lake, source, at_once=at_once)
    months = lake.months(LOANS.cases.table)
    silver = {each.table: lake.scan(each.table, lake.months(each.table)) for each in LOANS.features.inputs}
    lake.write("gold/feature_store", LOANS.features.build(silver, CONFIG).collect(), months)
    return lake


def rows_of(lake: Lake, table: str) -> pl.DataFrame:
    """All rows of a table."""
    return lake.scan(table, lake.months(table)).collect()


def labels_of(lake: Lake) -> pl.DataFrame:
    """The labels of the loans."""
    return LOANS.outcome.build(rows_of(lake, LOANS.cases.table).lazy(), CONFIG.label).collect()


@contextmanager
def judged(
    lake: Lake, name: str, months: Sequence[date] | None = None, **policy: object
) -> Iterator[dict[date, Result]]:
    """What a check by its name says of each month."""
    limits = CheckPolicy.model_validate(policy)
    checks = [*case_gates(LOANS, AXIS, limits), lost_source_check(LOANS, AXIS, CONFIG, limits)]
    (check,) = (each for each in checks if name in {f"{key.asset_key.path[-1]}/{key.name}" for key in each.check_keys})
    with dg.DagsterInstance.ephemeral() as instance:
        yield evaluated(check, lake, months or lake.months(LOANS.cases.table), instance)
