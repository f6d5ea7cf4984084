"""What is built when files come: whichever month, once for every content, and behind what is under way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from credit_platform.assets.tables.bronze import sources
from credit_platform.automation.arriving import Receiving
from credit_platform.automation.closing import DELIVERY_TAG, TURN, Closing
from credit_platform.automation.delivery_alerts import delivery_alerts
from credit_platform.automation.next_step import BookState
from credit_platform.lake.raw.arrivals import read_arrivals
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.action.alerts import AlertEvent
from credit_platform.months import month_range
from credit_platform.partitions import monthly_axis
from credit_platform.policy.model_config import ClosePolicy, ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.automation.made_runs import made_by

OPTIONAL = "feature_clickstream"
REQUIRED = ("lms_loan_daily", "features_attributes", "features_financials")
MONTH, NEXT = date(2025, 1, 1), date(2025, 2, 1)


class RawBook:
    """A book of which only the raw files and the names of its tables are there; time is given."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance, config: ModelConfig) -> None:
        self.instance, self.config = instance, config
        lake = Lake.at(folder, portfolio=LOANS)
        lake.layout.raw_dir.mkdir()
        axis = monthly_axis(config, date(2023, 1, 1), None)
        policy = ClosePolicy(day=3, hour=6, time_zone="Europe/Berlin", wait_hours=48, settle_seconds=0)
        self.closing = Closing(lake, axis, sources(LOANS, config), policy)
        self.opened: dict[str, AlertEvent] = {}

    def deliver(self, month: date, *names: str, customer: str = "a") -> None:
        for name in names:
            columns = self.closing.sources[name].columns
            cells = {"Customer_ID": customer, "snapshot_date": f"{month}"}
            row = ",".join(cells.get(column, "") for column in columns)
            file = self.closing.lake.layout.raw_dir / f"{name}_{month:%Y_%m}.csv"
            file.write_text(",".join(columns) + f"\n{row}\n")

    def built(self, first: date, last: date, *, empty: tuple[str, ...] = ()) -> None:
        """Let months be there, with rows of every source but the `empty` ones in the newest."""
        import polars as pl

        state = BookState(self.closing.lake, self.closing.axis, self.config)
        for table in state.built_tables:
            for month in month_range(first, last):
                file = self.closing.lake.layout.month_file(table, month)
                file.parent.mkdir(parents=True, exist_ok=True)
                is_empty = month == last and table.removeprefix("bronze/") in empty
                pl.DataFrame({"a": [] if is_empty else [1]}).write_parquet(file)

    def look(self, now: datetime) -> dg.RunRequest | str:
        answer = Receiving(self.instance, self.closing, self.config, now).run_due()
        return answer if isinstance(answer, dg.RunRequest) else str(answer.skip_message)

    def tell(self, now: datetime) -> list[str]:
        """What people are told now; what is open stays so."""
        arrivals = read_arrivals(self.closing.lake.layout)
        events = delivery_alerts(self.closing, arrivals, list(self.opened.values()), now)
        for event in events:
            self.opened.pop(event.key, None)
            if not event.is_end:
                self.opened[event.key] = event
        return [event.title for event in events]


def at(day: int, hour: int = 12, month: int = 1) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


@pytest.fixture
def book(tmp_path: Path, instance: dg.DagsterInstance, config: ModelConfig) -> RawBook:
    return RawBook(tmp_path, instance, config)


def asked(request: dg.RunRequest | str) -> str:
    assert isinstance(request, dg.RunRequest), request
    assert request.tags["credit_platform/started_by"] == "build_on_delivery"
    assert request.run_key == f"build_on_delivery:{request.tags[DELIVERY_TAG]}"
    return f"{request.partition_key}: {request.tags['credit_platform/why']}"


def test_a_month_is_built_when_its_last_source_has_come_and_not_before(book: RawBook) -> None:
    book.deliver(MONTH, *REQUIRED[:2])
    assert book.look(at(1)) == "2025-01 waits for features_financials"
    book.deliver(MONTH, REQUIRED[2])
    assert book.look(at(1)) == f"2025-01 waits for {OPTIONAL}, or for its close at 2025-01-03 06:00 CET"
    book.deliver(MONTH, OPTIONAL)
    assert asked(book.look(at(1))) == "2025-01-01: 2025-01 is delivered"


def test_from_its_close_on_a_month_does_without_optional_sources(book: RawBook) -> None:
    book.deliver(MONTH, *REQUIRED)
    assert isinstance(book.look(at(3, 5)), str)
    assert asked(book.look(at(3, 5) + timedelta(minutes=10))).endswith(f"2025-01 is delivered without {OPTIONAL}")


def test_months_are_built_oldest_first_also_late_ones_and_not_those_that_have_not_begun(book: RawBook) -> None:
    for month in (date(2024, 11, 1), MONTH, date(2199, 1, 1)):
        book.deliver(month, *REQUIRED, OPTIONAL)
    assert asked(book.look(at(1))).startswith("2024-11-01: ")
    book.built(date(2024, 11, 1), date(2024, 11, 1))
    assert asked(book.look(at(1))).startswith("2025-01-01: ")
    book.built(MONTH, MONTH)
    assert book.look(at(1)) == "every delivered month is built"


def test_a_month_is_asked_for_once_for_every_content(book: RawBook, instance: dg.DagsterInstance) -> None:
    book.deliver(MONTH, *REQUIRED, OPTIONAL)
    request = book.look(at(1))
    assert isinstance(request, dg.RunRequest)
    # Asked for, and not stored yet; if it was lost on the way, it is the same request again.
    assert book.look(at(1)) == "2025-01 was asked for at 2025-01-01 12:00 UTC, and its run is about to start"
    lost = book.look(at(1) + TURN)
    assert isinstance(lost, dg.RunRequest)
    assert lost.run_key == request.run_key
    create_run_for_test(instance, "build_month", tags=dict(request.tags), status=dg.DagsterRunStatus.FAILURE)
    assert book.look(at(1)) == "2025-01 was asked for with these files and is not built: see its last run"
    book.deliver(MONTH, REQUIRED[0], customer="b")
    second = book.look(at(1))
    assert isinstance(second, dg.RunRequest)
    book.built(MONTH, MONTH)
    # The former file is put back: another run, though the content was asked for once.
    book.deliver(MONTH, REQUIRED[0])
    third = book.look(at(1))
    assert asked(third).endswith("other rows of 2025-01 are delivered")
    assert isinstance(third, dg.RunRequest)
    assert len({request.run_key, second.run_key, third.run_key}) == 3


def test_what_something_else_built_is_taken_for_what_lies_there(book: RawBook) -> None:
    book.deliver(MONTH, *REQUIRED, OPTIONAL)
    book.built(MONTH, MONTH)
    assert book.look(at(1)) == "every delivered month is built"
    book.deliver(MONTH, REQUIRED[0], customer="b")
    assert asked(book.look(at(1))).endswith("other rows of 2025-01 are delivered")


def test_a_month_that_lost_a_table_is_no_delivery_until_other_rows_of_it_come(book: RawBook) -> None:
    book.deliver(MONTH, *REQUIRED, OPTIONAL)
    book.built(MONTH, MONTH)
    book.closing.lake.layout.month_file("gold/feature_store", MONTH).unlink()
    lost = "2025-01 was received before and lacks a table: credit-platform backfill --missing"
    assert book.look(at(1)) == lost
    assert book.look(at(1)) == lost
    book.deliver(MONTH, REQUIRED[0], customer="b")
    assert asked(book.look(at(1))).endswith("2025-01 is delivered")


def test_files_that_are_taken_away_after_they_were_built_start_nothing(book: RawBook) -> None:
    book.deliver(MONTH, *REQUIRED, OPTIONAL)
    book.built(MONTH, MONTH)
    book.look(at(1))
    for file in sorted(book.closing.lake.layout.raw_dir.iterdir()):
        file.unlink()
        assert book.look(at(1)) == "every delivered month is built"


@pytest.mark.parametrize("month", ["2024-12-01", "2025-01-01"])
def test_a_run_under_way_is_waited_for(book: RawBook, instance: dg.DagsterInstance, month: str) -> None:
    book.deliver(MONTH, *REQUIRED, OPTIONAL)
    run = create_run_for_test(
        instance, "score_month", tags={"dagster/partition": month}, status=dg.DagsterRunStatus.STARTED
    )
    assert book.look(at(1)) == f"2025-01 waits for run {run.run_id[:8]}"


def test_the_next_month_waits_until_the_one_before_has_been_carried_on(
    book: RawBook, instance: dg.DagsterInstance
) -> None:
    book.built(date(2023, 1, 1), date(2024, 12, 1))
    made_by(instance, ["gold/label_store"], ["2024-12-01"])
    book.deliver(MONTH, *REQUIRED, OPTIONAL)
    now = datetime.now(tz=UTC)
    assert book.look(now) == "2025-01 waits for train_models of 2024-12"
    # Should nobody carry months on, they are built all the same.
    assert asked(book.look(now + timedelta(minutes=11))).startswith("2025-01-01: ")


def test_people_are_told_once_of_a_delivery_that_does_not_come_and_once_when_it_has(book: RawBook) -> None:
    book.built(date(2024, 12, 1), date(2024, 12, 1))
    assert book.tell(at(5, 4)) == []
    assert book.tell(at(5, 6)) == ["2025-01 is not delivered"]
    assert "lms_loan_daily, features_attributes, features_financials" in book.opened["delivery 2025-01"].body
    assert book.tell(at(9)) == []
    book.built(MONTH, MONTH)
    book.deliver(MONTH, *REQUIRED)
    book.look(at(10))
    assert book.tell(at(10)) == ["delivery 2025-01 resolved"]


def test_people_are_told_of_a_file_that_cannot_be_read_until_it_can(book: RawBook) -> None:
    book.deliver(MONTH, REQUIRED[0])
    name = f"{REQUIRED[0]}_2025_01.csv"
    (book.closing.lake.layout.raw_dir / name).write_text("a,b\n1,2\n")
    book.look(at(1))
    assert book.tell(at(1)) == [f"{name} cannot be read"]
    assert book.tell(at(1)) == []
    book.deliver(MONTH, REQUIRED[0])
    book.look(at(1))
    assert book.tell(at(1)) == [f"file {name} resolved"]


def test_people_are_told_of_a_source_that_has_gone_dark_until_it_has_rows_again(book: RawBook) -> None:
    book.built(date(2024, 11, 1), date(2024, 12, 1), empty=(OPTIONAL,))
    book.deliver(MONTH, *REQUIRED)
    assert book.tell(at(1)) == [f"{OPTIONAL} has gone dark since 2024-12"]
    book.built(MONTH, MONTH, empty=(OPTIONAL,))
    assert book.tell(at(20)) == []
    book.built(NEXT, NEXT)
    assert book.tell(at(1, month=2)) == [f"source {OPTIONAL} resolved"]
