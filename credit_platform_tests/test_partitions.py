from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.errors import SettingsError
from credit_platform.months import add_months, month_range
from credit_platform.partitions import MonthlyAxis, months_before, same_month
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import Settings

SHIPPED = LOANS.load_policy()


def settings(first: date, last: date | None, policy: Path | None = None) -> Settings:
    return Settings(
        data_dir=Path("data"),
        raw_dir=Path("raw"),
        first_month=first,
        last_month=last,
        is_book_known=True,
        policy_dir=policy,
        automation="stopped",
        policy=LOANS.load_policy(policy),
    )


def policy(folder: Path, text: str) -> Path:
    (folder / "model_config.yaml").write_text(text)
    return folder


def spans(axis: MonthlyAxis) -> list[tuple[str, str]]:
    definitions = (axis.snapshot_months, axis.scoring_months, axis.outcome_months, axis.training_months)
    return [(keys[0], keys[-1]) for keys in (definition.get_partition_keys() for definition in definitions)]


def test_a_book_of_two_years_has_the_months_of_the_design() -> None:
    axis = settings(date(2023, 1, 1), date(2024, 12, 1)).axis()
    first = ("2023-01-01", "2024-04-01", "2024-10-01", "2024-12-01")
    assert spans(axis) == [(month, "2024-12-01") for month in first]


def test_every_layer_moves_with_the_first_month() -> None:
    axis = settings(date(2021, 1, 1), date(2024, 12, 1)).axis()
    assert (axis.first_scoring, axis.first_outcome, axis.first_training) == (
        date(2022, 4, 1),
        date(2022, 10, 1),
        date(2022, 12, 1),
    )


def test_absolute_windows_are_trained_when_their_last_cohort_matures(tmp_path: Path) -> None:
    axis = settings(date(2023, 1, 1), date(2024, 12, 1), policy(tmp_path, "windows: {mode: absolute}")).axis()
    assert axis.first_training == date(2024, 11, 1)
    assert axis.first_scoring == date(2024, 3, 1)


def test_absolute_windows_before_the_book_are_refused_with_the_fix(tmp_path: Path) -> None:
    late = settings(date(2023, 6, 1), None, policy(tmp_path, "windows: {mode: absolute}"))
    with pytest.raises(SettingsError, match="begins in 2023-01, before the book's first month 2023-06"):
        late.axis()


def test_scoring_never_begins_before_the_book(tmp_path: Path) -> None:
    text = "scoring: {backfill_months: 100}"
    axis = settings(date(2023, 1, 1), None, policy(tmp_path, text)).axis()
    assert axis.first_scoring == date(2023, 1, 1)
    assert axis.first_outcome == date(2023, 7, 1)


@pytest.mark.parametrize("last", [None, date(2024, 6, 1), date(2024, 12, 1)])
@pytest.mark.parametrize("day", [1, 30])
def test_a_month_exists_from_its_first_day_on_and_no_later_one(last: date | None, day: int) -> None:
    axis = settings(date(2023, 1, 1), last).axis()
    with partition_loading_context(effective_dt=datetime(2024, 6, day, tzinfo=UTC)):
        assert axis.snapshot_months.get_last_partition_key() == "2024-06-01"
        assert axis.scoring_months.get_partition_keys() == ["2024-04-01", "2024-05-01", "2024-06-01"]


def test_a_book_that_is_over_ends_with_its_last_month() -> None:
    axis = settings(date(2023, 1, 1), date(2024, 6, 1)).axis()
    for now in (datetime(2024, 7, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)):
        with partition_loading_context(effective_dt=now):
            assert axis.snapshot_months.get_last_partition_key() == "2024-06-01"
            assert len(axis.snapshot_months.get_partition_keys()) == 18


def test_a_layer_whose_first_month_lies_after_the_book_has_no_month() -> None:
    axis = settings(date(2023, 1, 1), date(2024, 6, 1)).axis()
    assert axis.scoring_months.get_partition_keys() == ["2024-04-01", "2024-05-01", "2024-06-01"]
    assert axis.outcome_months.get_partition_keys() == []
    assert axis.training_months.get_partition_keys() == []


def test_snapshots_until_a_month_begin_with_the_book() -> None:
    axis = settings(date(2023, 1, 1), date(2024, 12, 1)).axis()
    assert axis.snapshots_until(date(2023, 3, 1)) == [date(2023, month, 1) for month in (1, 2, 3)]


def upstream(axis: MonthlyAxis, mapping: dg.TimeWindowPartitionMapping, month: str) -> list[str]:
    wanted = axis.snapshot_months.subset_with_partition_keys([month])
    mapped = mapping.get_upstream_mapped_partitions_result_for_partitions(
        wanted, axis.snapshot_months, axis.snapshot_months
    )
    return list(mapped.partitions_subset.get_partition_keys())


@pytest.mark.parametrize(
    ("month", "expected"),
    [
        ("2023-01-01", ["2023-01-01"]),
        ("2023-02-01", ["2023-01-01", "2023-02-01"]),
        ("2024-12-01", ["2024-10-01", "2024-11-01", "2024-12-01"]),
    ],
)
@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_a_window_reads_back_and_is_short_at_the_book_s_start(month: str, expected: list[str]) -> None:
    axis = settings(date(2023, 1, 1), date(2024, 12, 1)).axis()
    assert upstream(axis, months_before(2), month) == expected


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
def test_a_window_may_end_before_the_month() -> None:
    axis = settings(date(2023, 1, 1), date(2024, 12, 1)).axis()
    assert upstream(axis, months_before(8, until=6), "2024-12-01") == ["2024-04-01", "2024-05-01", "2024-06-01"]
    assert upstream(axis, same_month(), "2024-12-01") == ["2024-12-01"]


FIRST, TODAY = date(2023, 1, 1), date(2026, 11, 1)
MONTHS = st.integers(-30, 80).map(lambda n: add_months(FIRST, n))
OPEN, OVER = settings(FIRST, None).axis(), settings(FIRST, date(2024, 6, 1)).axis()


@given(known=st.sets(MONTHS))
def test_an_open_ended_book_is_due_to_the_newest_known_month_that_the_calendar_has(known: set[date]) -> None:
    of_the_book = [month for month in known if FIRST <= month <= TODAY]
    with partition_loading_context(effective_dt=datetime(2026, 11, 17, tzinfo=UTC)):
        assert OPEN.due_until(known) == max(of_the_book, default=None)
        assert OVER.due_until(known) == date(2024, 6, 1), "a book that ends is due to its end"


@given(stored=st.lists(MONTHS), first=st.sampled_from([FIRST, date(2024, 4, 1)]))
@pytest.mark.parametrize(("axis", "last"), [(OPEN, TODAY), (OVER, date(2024, 6, 1))])
def test_months_outside_lie_before_the_first_or_after_the_last_of_a_table(
    axis: MonthlyAxis, last: date, stored: list[date], first: date
) -> None:
    with partition_loading_context(effective_dt=datetime(2026, 11, 17, tzinfo=UTC)):
        inside = set(month_range(first, last))
        assert axis.outside(first, stored) == [month for month in stored if month not in inside]


@given(newest=st.none() | MONTHS, day=st.dates(FIRST, date(2030, 1, 1)))
def test_the_close_is_for_a_month_that_has_begun_and_never_goes_back(newest: date | None, day: date) -> None:
    begun = day.replace(day=1)
    assert OVER.month_to_close(day, newest) == begun, "a book that ends closes by the calendar"
    closed = OPEN.month_to_close(day, newest)
    assert closed.day == 1
    assert FIRST <= closed <= begun
    if newest is not None and closed < begun:
        assert closed == max(FIRST, add_months(newest, 1))


@pytest.mark.parametrize(
    ("newest", "closed"),
    [
        (date(2024, 12, 1), date(2025, 1, 1)),
        (date(2026, 10, 1), TODAY),
        (TODAY, TODAY),
        (date(2027, 5, 1), TODAY),
        (date(2020, 1, 1), FIRST),
        (None, FIRST),
    ],
)
def test_an_open_ended_book_closes_the_month_after_its_data(newest: date | None, closed: date) -> None:
    assert OPEN.month_to_close(date(2026, 11, 1), newest) == closed


def test_every_kind_of_table_has_its_first_month() -> None:
    begins = [OPEN.begins("snapshot"), OPEN.begins("scoring"), OPEN.begins("outcome")]
    assert begins == [FIRST, OPEN.first_scoring, OPEN.first_outcome]


def test_a_book_that_has_not_begun_has_no_month() -> None:
    with partition_loading_context(effective_dt=datetime(2022, 11, 17, tzinfo=UTC)):
        assert (OPEN.newest_month, OPEN.due_until([FIRST]), OPEN.outside(FIRST, [FIRST])) == (None, None, [FIRST])
