"""Shares that stop someone: rows set aside, loans first seen late, samples too small to say anything."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from credit_platform.assets.models.training import train_as_of
from credit_platform.checks.case_gates import case_gates
from credit_platform.errors import PolicyError, TrainingError
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.months import add_months
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.checks.evaluating import AXIS, FIRST, number, reds
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.small_tapes import ERROR, LOAN_FILE, WARN, judged, loan, rows_of, tape
from credit_platform_tests.small_book import FIRST_TRAINING, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
FEBRUARY = date(2023, 2, 1)
SET_ASIDE = "loan_snapshots/few_rows_are_set_aside"
KNOWN = "loan_snapshots/cases_are_known_from_their_start"


def with_unreadable(n: int, *, of: int = 200) -> dict[str, list[dict[str, str | None]]]:
    """Loans of one month, of which some have no readable amount."""
    rows = [row for number_ in range(of) for row in loan(f"L{number_:03}", n_months=1)]
    for row in rows[:n]:
        row["loan_amt"] = "a lot"
    return {LOAN_FILE: rows}


@case(
    "C1",
    given="a part, or nearly all, of a month's rows is set aside",
    right="a warning from 1 % on, and from 10 % on nothing is built on the month; the rules are named",
)
@pytest.mark.parametrize(("n", "severity"), [(1, None), (2, WARN), (19, WARN), (20, ERROR), (200, ERROR)])
def test_a_share_set_aside_warns_and_then_stops(tmp_path: Path, n: int, severity: dg.AssetCheckSeverity | None) -> None:
    with judged(tape(tmp_path, with_unreadable(n)), SET_ASIDE) as results:
        result = results[FIRST]
        assert (result.severity if not result.passed else None) == severity
        assert result.blocking
        assert number(result, "rows_set_aside") == n
        assert f"loan_amt_is_readable {n}" in (result.description or "")


@case(
    "C4",
    given="policy sets a limit of its own for a rule or a table",
    right="that limit holds, and rows of such a rule do not count against the table; unknown names are refused",
)
@pytest.mark.parametrize("kind", ["rules", "tables"])
def test_a_rule_and_a_table_may_have_a_limit_of_their_own(tmp_path: Path, kind: str) -> None:
    lake = tape(tmp_path, with_unreadable(40))
    name = {"rules": "loan_amt_is_readable", "tables": "loan_snapshots"}[kind]
    for limit, severity in (({"warn_from": 0.3, "block_from": 0.5}, None), ({"block_from": 0.5}, WARN)):
        with judged(lake, SET_ASIDE, set_aside={kind: {name: limit}}) as results:
            assert (results[FIRST].severity if not results[FIRST].passed else None) == severity
    with pytest.raises(PolicyError, match=rf"checks.set_aside.{kind}.loan_amount"):
        case_gates(LOANS, AXIS, CheckPolicy.model_validate({"set_aside": {kind: {"loan_amount": {}}}}))


@case(
    "C2",
    given="the tape has no row of the month in which loans were written",
    right="loans first seen later are counted and named: a warning; the month stops where they are most of a cohort",
)
@pytest.mark.parametrize(("n_late", "severity"), [(0, None), (2, WARN), (4, ERROR), (5, ERROR)])
def test_loans_first_seen_late_are_named(tmp_path: Path, n_late: int, severity: dg.AssetCheckSeverity | None) -> None:
    late = [row for n in range(n_late) for row in loan(f"L{n}", n_months=3, first_mob=1)]
    lake = tape(tmp_path, {LOAN_FILE: [*late, *(row for n in range(n_late, 6) for row in loan(f"L{n}", n_months=3))]})
    with judged(lake, KNOWN) as results:
        assert reds(results) == ([FEBRUARY] if n_late else [])
        if n_late:
            assert results[FEBRUARY].severity == severity
            assert number(results[FEBRUARY], "first_seen_late") == n_late
            assert f"{n_late} of the 6 loans of 2023-01 are first seen now" in (results[FEBRUARY].description or "")
            assert "(L0" in (results[FEBRUARY].description or "")


@case(
    "C5",
    given="a book that begins with loans written before it, and one in which a month is not built yet",
    right="such loans are no fault of the tape and not counted",
)
def test_cohorts_the_book_cannot_have_seen_begin_are_not_counted(tmp_path: Path) -> None:
    old = [
        row | {"loan_start_date": "2022-10-01", "installment_num": str(int(row["installment_num"] or 0) + 3)}
        for row in loan("OLD", n_months=3)
    ]
    lake = tape(tmp_path, {LOAN_FILE: [*old, *loan("L1", n_months=3), *loan("L2", start=FEBRUARY, n_months=3)]})
    lake.layout.month_file(LOANS.cases.table, FEBRUARY).unlink()
    with judged(lake, KNOWN, [add_months(FEBRUARY, 1)]) as results:
        assert results
        assert reds(results) == []
    assert rows_of(lake, LOANS.cases.table).height == 6


@case(
    "C3",
    given="no loan was written in the only out-of-time month, or in the only one of another sample",
    right="training is refused, with the name of the sample; no version is promoted",
)
@pytest.mark.parametrize(
    ("lag", "sample"), [(6, "out-of-time"), (7, "test"), (8, "validation")], ids=["oot", "test", "validation"]
)
def test_every_sample_is_held_to_the_floor(book_copy: BookFolders, lag: int, sample: str) -> None:
    lake, cohort = book_copy.lake, add_months(FIRST_TRAINING, -lag)
    features = lake.scan("gold/feature_store", [cohort]).collect()
    lake.write("gold/feature_store", features.clear(), [cohort])
    before = PromotionLog(lake.layout).records()
    with pytest.raises(TrainingError, match=rf"its {sample} sample has 0 loans.*min_samples"):
        train_as_of(lake, "scorecard", FIRST_TRAINING, book_copy.settings().policy)
    assert PromotionLog(lake.layout).records() == before
