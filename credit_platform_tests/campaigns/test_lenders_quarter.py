"""A lender's quarter, day by day: late, partial, wrong, corrected and doubled files, a source gone dark, a machine that
is off on the 1st, a killed run, a person who clicks, a breach, its retrainings, and a promotion by hand.

The daemon is Dagster's own, under a clock that the days below move. In the end everything is built, scored, monitored
and trained exactly once, and every trouble was told once and closed once.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.lake.governance.audit import AuditLog
from credit_platform.months import add_months, month_range
from credit_platform_tests.campaigns.moved_clock.clock import moment
from credit_platform_tests.campaigns.moved_clock.lender import Lender
from credit_platform_tests.campaigns.moved_clock.past import make_lender
from credit_platform_tests.drifted_book import MODEL_CONFIG, SPEC
from credit_platform_tests.small_book import MODELS, WITHOUT_PICTURES

pytestmark = pytest.mark.slow

JUNE, JULY, AUGUST, SEPTEMBER = (date(2024, month, 1) for month in (6, 7, 8, 9))
QUARTER = (JULY, AUGUST, SEPTEMBER)
CLOSE = "close: {day: 2, hour: 6, time_zone: Europe/Berlin, wait_hours: 24, settle_seconds: 60}\n"
# After July the applicants default for other reasons than those the first versions were trained on.
BOOK = replace(SPEC, cases_per_month=200)
LOANS, PERSONS, MONEY, CLICKS = "lms_loan_daily", "features_attributes", "features_financials", "feature_clickstream"
BUILD, SCORE, MONITOR, TRAIN = "build_month", "score_month", "monitor_month", "train_models"


@dataclass
class Quarter:
    """The lender, and what happened so far in words."""

    lender: Lender
    told: list[str] = field(default_factory=list)

    def day(self, text: str, what: str) -> None:
        """Let the clock come to a moment of 2024, and something happen."""
        self.lender.move_to(moment(f"2024-{text}"))
        self.told.append(f"2024-{text}  {what}")

    def notice(self, title: str, *, kind: str = "") -> None:
        """Wait until people are told, and note it."""

        def heard() -> list[str]:
            return [one.event.title for one in self.lender.alerts() if title in one.event.title]

        self.lender.wait_until(heard, 90)
        self.told.append(f"                  told: {heard()[-1]}{kind}")

    def carried_on(self, month: date) -> None:
        """Wait until a month is built, scored and monitored, and nothing more is under way."""

        def is_done() -> bool:
            return all(self.lender.succeeded(job, month) for job in (BUILD, SCORE, MONITOR)) and self.lender.is_idle()

        self.lender.wait_until(is_done, 120)
        done = [run.job_name for run in self.lender.runs(month=month) if run.is_success]
        self.told.append(f"                  {month:%Y-%m} is carried on: {', '.join(done)}")

    def quiet(self, minutes: float = 4) -> None:
        """Let the sensors look for a while, and everything they ask for end."""
        self.lender.let_pass(minutes)
        self.lender.wait_until(self.lender.is_idle, 120)

    def trained(self, month: date) -> None:
        """Wait until both models were trained as of a month."""
        self.lender.wait_until(lambda: trainings(self.lender)[month] >= len(MODELS), 120)
        self.told.append(f"                  both models are trained as of {month:%Y-%m}")

    def rows(self, source: str, month: date) -> pl.DataFrame:
        return self.lender.generated.rows(month)[source]


def trainings(lender: Lender) -> Counter[date]:
    """How often a version was registered as of each month, over both models."""
    records = [record.entry for record in AuditLog(lender.book.layout).records()]
    return Counter(date.fromisoformat(entry.model_version[:10]) for entry in records if entry.action == "registered")


@pytest.fixture
def quarter(tmp_path: Path) -> Iterator[Quarter]:
    policy = {"model_config.yaml": MODEL_CONFIG + CLOSE, "monitoring_thresholds.yaml": WITHOUT_PICTURES}
    lender = make_lender(tmp_path / "lender", BOOK, policy, last=JUNE, at=moment("2024-06-20 12:00"))
    with lender:
        lender.start()
        # What is due before the daemon's first look is not made up for.
        lender.wait_until(lambda: lender.ticks("retrain_on_action"))
        yield Quarter(lender)


def test_a_quarter_is_closed_by_itself_and_every_trouble_told_once(
    quarter: Quarter, capsys: pytest.CaptureFixture[str]
) -> None:
    july(quarter)
    august(quarter)
    september(quarter)
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *quarter.told, *the_ledger(quarter.lender), ""]))
    everything_is_there_once(quarter.lender)
    every_trouble_was_told_and_closed_once(quarter.lender)


def july(quarter: Quarter) -> None:
    """The loan file comes late, then cut short, then whole; and a breach shows."""
    lender = quarter.lender
    quarter.day("07-01 08:00", "three of four files come")
    lender.deliver_month(JULY, PERSONS, MONEY, CLICKS)
    quarter.quiet(2)
    quarter.day("07-02 04:00", "the close: the loan file has not come")
    waits = "2024-07 waits for lms_loan_daily"
    lender.wait_until(lambda: [tick for tick in lender.ticks("month_close") if waits in str(tick.skip_reason)])
    quarter.day("07-03 04:01", "a day later it has still not come")
    quarter.notice("2024-07 is not delivered")
    quarter.day("07-04 10:00", "a third of the loan file comes")
    loans = quarter.rows(LOANS, JULY)
    lender.deliver(f"{LOANS}_2024_07.csv", loans.head(loans.height // 3))
    quarter.notice("delivery 2024-07 resolved")
    quarter.notice("build_month 2024-07 failed")
    quarter.day("07-04 15:00", "the whole file takes its place")
    lender.deliver_month(JULY, LOANS)
    quarter.carried_on(JULY)
    quarter.notice("build_month 2024-07 recovered")
    quarter.notice("scorecard: ", kind=" (a breach)")
    quarter.trained(JULY)
    quarter.day("07-20 09:00", "the loan file comes a second time, under another name")
    lender.deliver(f"{LOANS}_2024_07_again.csv", loans)
    quarter.quiet()


def august(quarter: Quarter) -> None:
    """A source goes dark, a file is wrong, a run is killed, July is corrected, people click and promote."""
    lender = quarter.lender
    quarter.day("08-01 07:00", "files come without the clickstream; one has lost a column")
    lender.deliver_month(AUGUST, LOANS, PERSONS)
    lender.deliver(f"{MONEY}_2024_08.csv", quarter.rows(MONEY, AUGUST).drop("Annual_Income"))
    quarter.notice(f"{MONEY}_2024_08.csv cannot be read")
    quarter.day("08-01 11:00", "the right file comes; the month waits for the clickstream until its close")
    lender.deliver_month(AUGUST, MONEY)
    quarter.notice(f"file {MONEY}_2024_08.csv resolved")
    quarter.quiet()
    assert not lender.runs(BUILD, AUGUST)
    quarter.day("08-02 03:59:50", "the close; the run that builds is killed")
    lender.wait_until(lambda: [r for r in lender.runs(BUILD, AUGUST) if r.status == dg.DagsterRunStatus.STARTED])
    lender.kill_run(lender.runs(BUILD, AUGUST)[-1].run_id)
    quarter.notice("build_month 2024-08 failed")
    quarter.carried_on(AUGUST)
    quarter.notice("build_month 2024-08 recovered")
    quarter.notice(f"{CLICKS} has gone dark")
    quarter.trained(AUGUST)
    quarter.day("08-10 10:00", "a corrected loan file for July comes")
    rows = quarter.rows(LOANS, JULY)
    changed = rows.with_columns(due_amt=pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("77.0")).otherwise("due_amt"))
    (lender.book.raw_dir / f"{LOANS}_2024_07_again.csv").unlink()
    lender.deliver(f"{LOANS}_2024_07.csv", changed)
    lender.wait_until(lambda: lender.runs(BUILD, JULY)[-1].is_failure, 90)
    quarter.day("08-10 16:00", "a person takes it: backfill --replace")
    lender.cli("backfill", "--from", "2024-07", "--to", "2024-07", "--job", BUILD, "--replace")
    lender.wait_until(
        lambda: [one for one in lender.alerts() if one.event.title == "build_month 2024-07 recovered"][1:]
    )
    quarter.day("08-15 10:00", "a person clicks August once more")
    clicked = lender.click(BUILD, AUGUST)
    lender.wait_until(lambda: lender.status(clicked) == dg.DagsterRunStatus.SUCCESS, 90)
    quarter.quiet()
    quarter.day("08-25 10:00", "a person puts the newest candidates in force, from September on")
    for model in MODELS:
        version = max(path.name for path in (lender.book.data_dir / "models" / model).iterdir())
        decision = ["--approver", "ann", "--reason", "the old one ranks no longer", "--despite-failed-gates"]
        lender.cli("promote", "--model", model, "--version", version, "--to", "champion", *decision)


def september(quarter: Quarter) -> None:
    """The machine is off on the 1st, and when it is on again everything is made up for."""
    lender = quarter.lender
    lender.move_to(moment("2024-08-31 18:00"))
    lender.stop()
    quarter.day("09-01 09:00", "all files come; the machine is off")
    lender.deliver_month(SEPTEMBER)
    quarter.day("09-03 09:00", "the machine is on again")
    lender.start()
    quarter.carried_on(SEPTEMBER)
    quarter.notice(f"source {CLICKS} resolved")
    quarter.quiet()
    quarter.day("09-30 18:00", "the quarter ends")
    quarter.quiet()


def the_ledger(lender: Lender) -> list[str]:
    """Every alert that was told, with what became of it."""
    return [
        "",
        *(f"{one.at:%Y-%m-%d %H:%M}  {one.event.kind:10} {one.event.title}" for one in lender.alerts() if one.at),
    ]


def everything_is_there_once(lender: Lender) -> None:
    book = lender.book
    for model in MODELS:
        for table in (f"prediction/{model}", f"monitoring/{model}/action"):
            assert set(QUARTER) <= set(book.lake.months(table)), table
    assert set(QUARTER) <= set(book.lake.months("gold/label_store"))
    done = {
        (job, month): [run for run in lender.runs(job, month) if run.is_success]
        for job in (SCORE, MONITOR)
        for month in QUARTER
    }
    assert {key: len(runs) for key, runs in done.items()} == dict.fromkeys(done, 1)
    counts = trainings(lender)
    assert counts[JULY] == counts[AUGUST] == len(MODELS)
    assert all(counts[month] <= len(MODELS) for month in QUARTER)
    stray = [month for month in counts if month not in {date(2024, 1, 1), date(2024, 4, 1), *QUARTER}]
    assert not stray
    assert lender.is_idle()
    assert month_range(JULY, SEPTEMBER) == [*QUARTER]
    status = lender.cli("status", "--json", may_fail=True)
    assert '"missing": ["2024-09"]' not in status.stdout
    assert add_months(SEPTEMBER, 1) not in book.lake.months("gold/label_store")


def every_trouble_was_told_and_closed_once(lender: Lender) -> None:
    told = [one.event for one in lender.alerts()]
    # The breach of the first versions, which people replaced.
    breach = [event for event in told if event.key.endswith((" floor", ": degradation")) and event.month >= JULY]
    assert {event.key.split(":")[0] for event in breach if event.kind == "opened"} == set(MODELS)
    last = {event.key: event.kind for event in breach}
    assert set(last.values()) == {"resolved"}, last
    events = [event for event in told if not event.key.startswith(("digest", *MODELS))]
    opened = Counter(event.key for event in events if not event.is_end)
    closed = Counter(event.key for event in events if event.is_end)
    assert opened == closed
    assert opened == {
        "delivery 2024-07": 1,
        # Once cut short, once corrected.
        "build_month 2024-07": 2,
        f"file {MONEY}_2024_08.csv": 1,
        "build_month 2024-08": 1,
        f"source {CLICKS}": 1,
    }
