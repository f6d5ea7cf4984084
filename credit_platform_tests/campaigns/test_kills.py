from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl
import pytest

from credit_platform.lake.files import HIDDEN_PART
from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.campaigns.book_under_attack import FIRST_TRAINING, AttackedBook
from credit_platform_tests.campaigns.data_folder import broken_files, fingerprints, visible_files
from credit_platform_tests.churn_book import FIRST_TRAINING as CHURN_TRAINING
from credit_platform_tests.home_credit_book import FIRST_TRAINING as HOME_CREDIT_TRAINING

pytestmark = pytest.mark.slow

MODELS = tuple(LOANS.load_policy().model.models)


@dataclass(frozen=True)
class CalmLife:
    """What an undisturbed backfill writes, and when it printed each line: one per run, and the closing tables."""

    files: dict[str, str]
    line_times: list[float]
    duration: float

    def moment(self, second: float) -> tuple[int, float]:
        """A moment as lines printed by then and seconds since the last of them: a busy machine only moves it along."""
        n_lines = sum(printed <= second for printed in self.line_times)
        return n_lines, second - (self.line_times[n_lines - 1] if n_lines else 0.0)


@pytest.fixture(scope="module")
def calm_life(any_attacked_book: AttackedBook) -> CalmLife:
    attacked_book = any_attacked_book
    begin = time.monotonic()
    with attacked_book.start("calm", "backfill") as process:
        line_times = [time.monotonic() - begin for _ in lines_of(process)]
    assert process.returncode == 0
    duration = time.monotonic() - begin
    lake = attacked_book.lake("calm")
    assert broken_files(lake, MODELS) == []
    return CalmLife(fingerprints(lake.layout.data_dir), line_times, duration)


def lines_of(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    return iter(process.stdout)


def killed(process: subprocess.Popen[str], *, after_lines: int, seconds: float) -> str:
    """Kill a process and all it started some seconds after it printed a line; returns what it had printed."""
    with process:
        output = "".join(islice(lines_of(process), after_lines))
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        output += "".join(lines_of(process))
    return output


def age_by_two_hours(parts: list[Path]) -> None:
    for part in parts:
        then = part.stat().st_mtime - 7200
        os.utime(part, (then, then))


def test_kills_at_random_moments_leave_whole_files_and_the_next_run_ends_as_if_nothing_had_happened(
    any_attacked_book: AttackedBook, calm_life: CalmLife
) -> None:
    attacked_book, first_month = any_attacked_book, min(any_attacked_book.lake("calm").months("gold/label_store"))
    expected = calm_life.files
    lake = attacked_book.lake("hurt")
    folder = lake.layout.data_dir
    moments = random.Random(2024)  # noqa: S311 - a campaign that can be repeated
    interrupted = []
    for n in range(attacked_book.n_kills):
        after_lines, seconds = calm_life.moment(moments.uniform(0, calm_life.duration))
        process = attacked_book.start("hurt", "backfill")
        output = killed(process, after_lines=after_lines, seconds=seconds)
        assert process.returncode in (0, -signal.SIGKILL), output
        assert "Missing" not in output, output
        assert "failed" not in output.replace("failed runs", ""), output
        if process.returncode:
            interrupted.append((n, round(seconds, 1), output.strip().rsplit("\n", 1)[-1]))
        assert broken_files(lake, MODELS) == [], interrupted
        strangers = set(fingerprints(folder)) - set(expected)
        assert strangers == set(), interrupted
    assert interrupted

    left = list(folder.rglob(HIDDEN_PART))
    old = [
        folder / "gold" / "label_store" / f".{first_month}.parquet.planted.part",
        folder / ".datamart.duckdb.planted.part.wal",
        folder / "models" / "scorecard" / ".2022-01-01-planted.part",
    ]
    young = folder / "gold" / "label_store" / f".{add_months(first_month, 1)}.parquet.planted.part"
    for part in (*old[:2], young):
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(b"PAR1 and then nothing")
    old[2].mkdir(parents=True)
    (old[2] / "model.json").write_bytes(b"{")
    age_by_two_hours([*left, *old])
    attacked_book.run("hurt", "backfill")
    assert fingerprints(folder) == expected
    assert list(folder.rglob(HIDDEN_PART)) == [young]
    assert young not in visible_files(folder)


def test_a_finished_backfill_run_again_changes_nothing_and_fails_no_run(
    any_attacked_book: AttackedBook, calm_life: CalmLife
) -> None:
    attacked_book = any_attacked_book
    expected = calm_life.files
    lake = attacked_book.lake("calm")
    trained_in = {"loans": FIRST_TRAINING, "home_credit": HOME_CREDIT_TRAINING, "churn": CHURN_TRAINING}
    first_training = trained_in[attacked_book.kind.name]
    actions = lake.layout.month_file("monitoring/scorecard/action", first_training)
    # The first version's action of its own month is known only to the second run, which must train it the same.
    pl.read_parquet(actions).with_columns(action=pl.lit("retrain"), actionable=pl.lit(value=True)).write_parquet(
        actions
    )
    altered = hashlib.sha256(actions.read_bytes()).hexdigest()
    output = attacked_book.run("calm", "backfill")
    # What the second run wrote over is kept, and nothing else has changed.
    kept = lake.layout.former_version("monitoring/scorecard/action", first_training, altered)
    assert fingerprints(lake.layout.data_dir) == expected | {str(kept.relative_to(lake.layout.data_dir)): altered}
    # A range whose run failed is run again in smaller pieces, each of which prints its line.
    assert sum(line.startswith("build_month") for line in output.splitlines()) == 1, output
