"""The outcome of a loan in every table that tells of it: all count the same days, and no loan of a cohort is lost."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import credit_platform
from credit_platform.assets.tables.gold import labelled_and_not
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.config import loan_label
from credit_platform.portfolios.loans.outcome.roll_rates import roll_rates_sql
from credit_platform.portfolios.loans.outcome.vintages import vintages_sql
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.field_faults.outcome_tapes import (
    LAG,
    portfolio,
)
from credit_platform_tests.field_faults.tapes import (
    PAID,
    START,
    Month,
    Row,
    bronze,
    config,
    loan,
    owing,
    silver,
)
from credit_platform_tests.small_book import PREVIEW_ALLOWED

pytestmark = PREVIEW_ALLOWED


def early(rows: list[Row], **label: object) -> list[bool]:
    """Early performance of one loan at MOB 1: whether its first payment was missed, by days of the label."""
    read = LOANS.outcome.early
    assert read is not None
    policy = config(**label).label
    days = {"first payment missed": (1, loan_label(policy).dpd_threshold)}
    return read(silver(rows, **label).lazy(), days, policy).collect()["is_bad"].to_list()


@case(
    "A8",
    given="one missed instalment seen on 1 March, and on the first of other months",
    right="30 days in every month and in every table; vintages read the threshold from policy",
)
@pytest.mark.parametrize(("threshold", "is_past_due"), [(30, True), (60, False)])
def test_every_table_counts_the_same_days(threshold: int, *, is_past_due: bool) -> None:
    for start in month_range(date(2023, 9, 1), date(2024, 8, 1)):
        tape = loan("L", owing(1000), start=start)
        rows, seen = silver(tape, dpd_threshold=threshold), add_months(start, 1)
        assert rows["dpd"].to_list() == [0, 30]
        label = config(dpd_threshold=threshold, mob=1).label
        assert LOANS.outcome.build(rows.lazy(), label).collect()["label"].to_list() == [int(is_past_due)]
        assert early(tape, dpd_threshold=threshold) == [is_past_due]
        assert portfolio(vintages_sql(threshold), rows, seen)["n_30dpd"].to_list() == [0, int(is_past_due)]
        assert portfolio(roll_rates_sql(threshold), rows, seen)["to_bucket"].to_list() == ["30-59"]


def test_the_worked_tape_of_the_guide_is_what_the_platform_makes_of_it() -> None:
    page = (Path(credit_platform.__file__).parent / "guide" / "outcome.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| (\d+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    told = [tuple(float(cell.replace(",", "")) for cell in line) for line in lines]
    assert len(told) > 5
    months = [Month(due, overdue, balance) for _, due, overdue, balance, _, _ in told[1:]]
    rows = silver(loan("L", months))
    assert rows.select("mob", "n_installments_missed", "dpd").rows() == [
        (int(mob), int(missed), int(dpd)) for mob, _, _, _, missed, dpd in told
    ]


OVERDUE = (0.0, 0.5, 500.0, 1000.0, 3000.0)


LIFE = st.lists(
    st.one_of(
        st.none(),
        st.builds(
            Month,
            due=st.sampled_from((0.0, 500.0, 1000.0, 5000.0)),
            overdue=st.sampled_from(OVERDUE),
            balance=st.sampled_from((-5.0, 0.0, 5000.0)),
        ),
    ),
    max_size=8,
)


LAST = date(2023, 10, 1)


@st.composite
def tapes(draw: st.DrawFn) -> list[Row]:
    """Loans that leave, are re-dated, are seen late, have gaps or unreadable rows, under ids that are used again."""
    rows: list[Row] = []
    for number in range(draw(st.integers(1, 5))):
        name, start = draw(st.sampled_from("AB")), add_months(START, draw(st.integers(-3, 7)))
        own = loan(f"{name}{number // 2}", draw(LIFE), start=start)[draw(st.integers(0, 1)) :]
        for row in own:
            if draw(st.integers(0, 9)) == 0:
                row["balance"] = "x"
            if draw(st.integers(0, 9)) == 0:
                later = add_months(start, 2)
                row["loan_start_date"] = later.isoformat()
                if draw(st.booleans()):
                    row["installment_num"] = str(max(0, int(row["installment_num"] or 0) - 2))
        rows += own
    months = {date.fromisoformat(row["snapshot_date"] or "") for row in rows}
    # Another loan in every month, as in any book.
    rows += loan("other", [PAID] * 9)
    return [row for row in rows if START <= date.fromisoformat(row["snapshot_date"] or "") <= LAST] if months else rows


@pytest.mark.slow
@case(
    "A12",
    given="any tape: exits, gaps, late boarding, re-dating, ids used again, other instalments, unreadable rows",
    right="every loan of a mature cohort is one of: labelled, unlabelled with a reason, quarantined with one",
)
@settings(max_examples=60)
@given(rows=tapes(), outcome=st.sampled_from(("at_horizon", "ever")))
def test_every_loan_of_a_mature_cohort_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], outcome: str
) -> None:
    policy, months = config(outcome=outcome), month_range(START, LAST)
    lake = Lake.at(tmp_path_factory.mktemp("tape"), portfolio=LOANS)
    cleaned = LOANS.case_source.clean(bronze(rows).lazy(), policy, {})
    seen, aside = pl.collect_all([cleaned.rows, cleaned.quarantined])
    lake.write("silver/loan_snapshots", seen, months)
    lake.write("quarantine/loan_snapshots", aside, months)
    labelled, rest = labelled_and_not(LOANS, lake, months, policy.label, first_cohort=START)
    monthly = [labelled_and_not(LOANS, lake, [month], policy.label, first_cohort=START) for month in months]
    assert pl.concat([one for one, _ in monthly]).equals(labelled)
    assert pl.concat([other for _, other in monthly]).equals(rest)

    of_loan = ["loan_id", "cohort"]
    cohorts = seen.with_columns(cohort=pl.col("loan_start_date").dt.truncate("1mo"))
    mature = cohorts.filter(pl.col("cohort").is_between(START, add_months(LAST, -LAG))).select(of_loan).unique()
    found = pl.concat([labelled.select(of_loan), rest.select(of_loan)])
    assert found.is_unique().all()
    assert mature.join(found, on=of_loan, how="anti").is_empty()
    assert found.filter(pl.col("cohort") >= START).join(mature, on=of_loan, how="anti").is_empty()
    named = {row["loan_id"] for row in rows}
    assert named == set(seen["loan_id"]) | set(aside["raw_text"].str.json_path_match("$['loan_id']"))
    assert rest["reason"].null_count() == aside["reason"].null_count() == 0
