"""Dagster's own daemon under a clock that a test moves: a month closes at midnight, and what was missed is made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from credit_platform.months import month_range
from credit_platform_tests.campaigns.moved_clock.clock import moment
from credit_platform_tests.campaigns.moved_clock.lender import Lender
from credit_platform_tests.small_book import FIRST, LAST

pytestmark = pytest.mark.slow

SEPTEMBER, OCTOBER = date(2024, 9, 1), date(2024, 10, 1)
BUILD = "build_month"


@pytest.fixture(scope="module")
def lender(past_lender: Lender, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lender]:
    """One lender for all tests here, in their order."""
    root: Path = tmp_path_factory.mktemp("moved_clock") / "lender"
    with past_lender.copy_to(root) as lender:
        yield lender.start()


def test_month_closes_when_the_clock_passes_midnight(lender: Lender) -> None:
    lender.wait_until(lambda: lender.ticks("retrain_on_action"))
    assert BUILD not in {run.job_name for run in lender.runs(month=SEPTEMBER)}
    lender.deliver_month(SEPTEMBER)
    lender.move_to(moment("2024-09-01 00:00:01"))
    lender.wait_until(lambda: lender.succeeded(BUILD, SEPTEMBER), 120)
    assert "gold/feature_store" in lender.tables(SEPTEMBER)
    tick = lender.ticks("month_close")[-1]
    assert datetime.fromtimestamp(tick.timestamp, tz=UTC) == moment("2024-09-01")


def test_every_process_sees_the_same_clock(lender: Lender) -> None:
    (run,) = lender.runs(BUILD, SEPTEMBER)
    record = lender.instance.get_run_record_by_id(run.run_id)
    assert record is not None
    # Created by the daemon, started by the process of the run.
    started = datetime.fromtimestamp(record.start_time or 0, tz=UTC)
    assert timedelta() <= started - record.create_timestamp < timedelta(hours=1)
    assert record.create_timestamp.replace(tzinfo=UTC).date() == SEPTEMBER
    # The command line in a process of its own: the newest month of an open-ended book is the clock's.
    first, *_ = json.loads(lender.cli("status", "--json", may_fail=True).stdout)["tables"]
    assert first["expected"] == len(month_range(FIRST, SEPTEMBER))


def test_run_killed_and_launched_again_by_hand(lender: Lender) -> None:
    lender.wait_until(lender.is_idle, 120)
    killed = lender.click(BUILD, LAST)
    lender.wait_until(lambda: lender.status(killed) == dg.DagsterRunStatus.STARTED, hurry=1)
    lender.kill_run(killed)
    lender.wait_until(lambda: lender.status(killed) == dg.DagsterRunStatus.FAILURE)
    lender.wait_until(lambda: [one for one in lender.alerts() if one.event.kind == "failed"])
    again = lender.click(BUILD, LAST)
    lender.wait_until(lambda: lender.status(again) == dg.DagsterRunStatus.SUCCESS)
    lender.wait_until(lambda: [one for one in lender.alerts() if one.event.kind == "recovered"])


def test_tick_missed_without_power_is_caught_up(lender: Lender) -> None:
    lender.wait_until(lender.is_idle, 120)
    lender.kill()
    lender.deliver_month(OCTOBER)
    lender.move_to(moment("2024-10-03 09:00"))
    lender.start()
    lender.wait_until(lambda: lender.succeeded(BUILD, OCTOBER), 120)
    assert datetime.fromtimestamp(lender.ticks("month_close")[-1].timestamp, tz=UTC).date() == OCTOBER
