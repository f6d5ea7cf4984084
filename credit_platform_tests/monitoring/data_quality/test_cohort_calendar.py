from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.monitoring.data_quality.cohort_calendar import build_cohort_calendar
from credit_platform.months import add_months, month_range, months_between
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.schemas.evidence import DEVELOPMENT_ROLES, CohortCalendar
from credit_platform.scoring.training.windows import windows_for

FIRST, LAST, MOB = date(2023, 1, 1), date(2024, 12, 1), 6
CONFIG = LOANS.load_policy().model
LOANS_PER_COHORT = 5


def snapshots(last: date) -> pl.LazyFrame:
    """Five loans a month, each seen every month; the fifth leaves after three months."""
    seen = [
        (month, f"{cohort:%Y%m}-{number}", months_between(cohort, month))
        for month in month_range(FIRST, last)
        for cohort in month_range(FIRST, month)
        for number in range(LOANS_PER_COHORT)
        if number < 4 or months_between(cohort, month) <= 3
    ]
    return pl.LazyFrame(seen, schema={"snapshot_month": pl.Date, "loan_id": pl.String, "mob": pl.Int32}, orient="row")


def labels(last: date) -> pl.LazyFrame:
    return snapshots(last).filter(mob=MOB).with_columns(cohort=pl.col("snapshot_month").dt.offset_by(f"-{MOB}mo"))


def calendar(months: list[date], *, last: date = LAST) -> pl.DataFrame:
    roles = {}
    for month in months:
        if month >= LAST:
            windows = windows_for(month, CONFIG)
            roles[month] = {cohort: windows.role_of(cohort) for cohort in month_range(FIRST, month)}
    built = build_cohort_calendar(
        months=months,
        first_cohort=FIRST,
        label=CONFIG.label,
        cases=LOANS.cases,
        written=snapshots(last),
        labels=labels(last),
        label_months=month_range(FIRST, last),
        roles=roles,
    )
    return CohortCalendar.validate(built.collect())


def test_a_month_lists_every_cohort_with_its_state_counts_and_role() -> None:
    rows = {row["cohort"]: row for row in calendar([LAST]).iter_rows(named=True)}
    assert list(rows) == month_range(FIRST, LAST)
    mature, young, newest = rows[date(2024, 6, 1)], rows[date(2024, 7, 1)], rows[LAST]
    assert (mature["state"], mature["sample_role"], mature["n_loans"], mature["n_labelled"]) == ("mature", "oot", 5, 4)
    assert mature["attrition"] == 1 - 4 / 5
    assert (mature["score_month"], mature["maturity_month"]) == (date(2024, 6, 1), LAST)
    assert (young["state"], young["sample_role"], young["n_labelled"], young["attrition"]) == (
        "maturing",
        "post",
        None,
        None,
    )
    assert (newest["state"], newest["n_loans"]) == ("open", 5)


def test_before_a_training_is_possible_no_cohort_has_a_role() -> None:
    assert calendar([date(2024, 11, 1)])["sample_role"].unique().to_list() == ["none"]


def test_a_range_of_months_gives_what_each_month_gives_with_only_what_was_known_then() -> None:
    months = month_range(date(2023, 1, 1), date(2023, 9, 1))
    alone = pl.concat([calendar([month], last=month) for month in months])
    assert calendar(months).equals(alone)


def test_a_cohort_whose_month_is_not_built_has_no_counts_and_an_empty_one_has_none() -> None:
    gap, empty = date(2023, 3, 1), date(2023, 4, 1)
    written = snapshots(LAST).filter(
        (pl.col("snapshot_month") != gap) & ~((pl.col("snapshot_month") == empty) & (pl.col("mob") == 0))
    )
    built = build_cohort_calendar(
        months=[LAST],
        first_cohort=FIRST,
        label=CONFIG.label,
        cases=LOANS.cases,
        written=written,
        labels=labels(LAST),
        label_months=[month for month in month_range(FIRST, LAST) if month != add_months(FIRST, MOB)],
        roles={},
    ).collect()
    counts = {row["cohort"]: (row["n_loans"], row["n_labelled"]) for row in built.iter_rows(named=True)}
    assert counts[gap][0] is None
    assert counts[empty][0] == 0
    assert counts[FIRST] == (5, None)


@given(st.integers(0, 40), st.integers(1, 24))
def test_no_cohort_without_an_outcome_is_in_a_sample(n_later: int, n_months: int) -> None:
    months = month_range(add_months(LAST, n_later), add_months(LAST, n_later + n_months - 1))
    windows = {month: windows_for(month, CONFIG) for month in months}
    built = build_cohort_calendar(
        months=months,
        first_cohort=FIRST,
        label=CONFIG.label,
        cases=LOANS.cases,
        written=snapshots(FIRST),
        labels=labels(FIRST),
        label_months=[],
        roles={
            month: {
                cohort: of.role_of(cohort) for cohort in month_range(FIRST, month) if of.role_of(cohort) != "outside"
            }
            for month, of in windows.items()
        },
    ).collect()
    CohortCalendar.validate(built)
    developed = built.filter(pl.col("sample_role").is_in(list(DEVELOPMENT_ROLES)))
    assert developed["maturity_month"].le(developed["snapshot_month"]).all()
    per_month = developed.group_by("snapshot_month").len()["len"].unique().to_list()
    assert per_month == [CONFIG.windows.relative.total]
