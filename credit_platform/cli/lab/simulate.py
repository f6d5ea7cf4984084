"""A scenario of the drift lab: a generated book with drifts in a folder of its own, its whole life, its page.

What is expected of a drift stands in `lab.scenarios.detection_requirements`, what pages say in `reports`.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from credit_platform.automation.jobs import BUILD_MONTH, MONITOR_MONTH, SCORE_MONTH
from credit_platform.cli.book import Book, write_book_file
from credit_platform.cli.lab.demo import generate_book
from credit_platform.cli.lab.story import judge, read_story
from credit_platform.errors import SettingsError
from credit_platform.lab.scenarios.detections import Sign
from credit_platform.lab.scenarios.gallery import Exhibit, gallery_page
from credit_platform.lab.scenarios.page import auc_text, drift_name, pictures, scenario_page, told_cure
from credit_platform.lab.scenarios.scenario import Scenario
from credit_platform.lake.files import write_text
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.portfolios.loans.generator.book import BookSpec, corrected_month, months_of
from credit_platform.portfolios.loans.generator.drift import DriftKind
from credit_platform.reports.wording import model_name, month_name
from credit_platform.settings import BookFile, Settings, apart_environment

SCENARIO_FILE = "scenario.json"
PICTURES_FILE = "scenario_pictures.json"
PAGE = Path("reports", "scenario.html")
GALLERY = "gallery.html"
MARK = ".drift-lab"


@dataclass(frozen=True)
class Lab:
    """The folder that holds the scenarios and their gallery."""

    folder: Path

    def scenario_folder(self, spec: BookSpec) -> Path:
        """Where a scenario lies, by what was planted in which book; what is as usual is not said."""
        planted = "+".join(f"{d.kind}-{d.first_month:%Y-%m}-{d.strength:g}" for d in spec.drifts) or "no-drift"
        usual = BookSpec()
        size = [
            f"-{text}"
            for text, is_usual in (
                (f"from-{spec.first_month:%Y-%m}", spec.first_month == usual.first_month),
                (f"{spec.n_months}-months", spec.n_months == usual.n_months),
                (f"{spec.loans_per_month}-loans", spec.loans_per_month == usual.loans_per_month),
            )
            if not is_usual
        ]
        return self.folder / f"{planted}-seed-{spec.seed}{''.join(size)}"

    def claim(self, settings: Settings) -> None:
        """Make the folder the lab's own.

        Raises:
            SettingsError: it holds something else, or is the data folder of the book in use.
        """
        place, data = self.folder.resolve(), settings.data_dir.resolve()
        if place == data or place.is_relative_to(data) or data.is_relative_to(place):
            raise SettingsError(
                name="--out", reason=f"{self.folder} and the data folder {data} lie in each other", fix="Name another."
            )
        self._claim(self.folder)

    def claim_scenario(self, folder: Path) -> None:
        """Make room for a scenario: an earlier life of the same one is deleted.

        Raises:
            SettingsError: the folder holds something else.
        """
        self._claim(folder)
        for entry in folder.iterdir():
            if entry.name == MARK:
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def _claim(self, folder: Path) -> None:
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file()):
            raise SettingsError(
                name="--out", reason=f"{folder} holds something the lab did not write", fix="Name an empty folder."
            )
        write_text(folder / MARK, "The drift lab wrote this folder and may write it again.\n")

    def exhibits(self) -> list[Exhibit]:
        """Every scenario that has been told."""
        return [
            Exhibit(
                facts=json.loads(file.read_text(encoding="utf-8")),
                pictures=json.loads(file.with_name(PICTURES_FILE).read_text(encoding="utf-8")),
                page=f"{file.parent.name}/{PAGE.as_posix()}",
            )
            for file in sorted(self.folder.glob(f"*/{SCENARIO_FILE}"))
        ]


def settings_apart(settings: Settings, folder: Path, spec: BookSpec) -> Settings:
    """The settings of a scenario's own book: the policy in use, and nothing that starts by itself."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            "raw_dir": folder / "raw",
            "first_month": spec.first_month,
            "last_month": spec.last_month,
            "is_book_known": True,
            "automation": "stopped",
        }
    )


def simulate(settings: Settings, console: Console, spec: BookSpec, *, lab: Lab) -> Scenario:
    """Generate the scenario's book, run its whole life apart from every other book, and write its page and the gallery.

    Raises:
        SettingsError: the folder is not the lab's.
    """
    lab.claim(settings)
    folder = lab.scenario_folder(spec)
    lab.claim_scenario(folder)
    apart = settings_apart(settings, folder, spec)
    generate_book(Layout(apart.data_dir, apart.raw_dir, apart.portfolio), console, spec)
    write_book_file(
        apart, BookFile(portfolio=settings.portfolio_name, first_month=spec.first_month, last_month=spec.last_month)
    )
    mishaps = _live(folder, console)
    seen: list[Sign] = []
    if any(drift.kind == DriftKind.LATE_CORRECTION for drift in spec.drifts):
        seen = read_story(Book.of(apart)).signs
        mishaps += _correct(apart, console, spec)
    scenario = judge(Book.of(apart), spec, name=folder.name, seen=seen, mishaps=mishaps)
    write_text(folder / PAGE, scenario_page(scenario, gallery=f"../../{GALLERY}"))
    write_text(folder / PICTURES_FILE, json.dumps(pictures(scenario)))
    write_text(folder / SCENARIO_FILE, json.dumps(scenario.to_dict(), indent=1) + "\n")
    write_text(lab.folder / GALLERY, gallery_page(lab.exhibits()))
    return scenario


def _correct(apart: Settings, console: Console, spec: BookSpec) -> list[str]:
    """Deliver the corrected files of all months and take them: labels are made again, outcomes and payments read again.

    Returns what went wrong.
    """
    layout = Layout(apart.data_dir, apart.raw_dir, apart.portfolio)
    write_book(layout, (corrected_month(spec, month) for month in months_of(spec)), on_month=lambda: None)
    first = min(drift.first_month for drift in spec.drifts if drift.kind == DriftKind.LATE_CORRECTION)
    console.print(f"The loan files from {month_name(first)} on are delivered again, corrected.")
    since = ("--from", f"{first:%Y-%m}")
    return [
        *_live(apart.data_dir, console, *since, "--job", BUILD_MONTH, "--replace"),
        *_live(apart.data_dir, console, *since, "--job", SCORE_MONTH),
        *_live(apart.data_dir, console, *since, "--job", MONITOR_MONTH),
    ]


def _live(folder: Path, console: Console, *arguments: str) -> list[str]:
    """Run the book's life in a process of its own: another history, and nobody hears of its alerts.

    Returns what went wrong with the process. That a month failed is told by the scenario; a process that died has lived
    no life that could be judged.
    """
    program = Path(sys.executable).with_name("credit-platform")
    command = [str(program), "backfill", *arguments]
    done = subprocess.run(command, env=apart_environment(folder), stdout=console.file, check=False)  # noqa: S603 - our own command
    if done.returncode in {0, 1}:
        return []
    return [f"`{' '.join(['credit-platform', *command[1:]])}` ended with {done.returncode}; what it said stands above"]


def scenario_tables(scenario: Scenario) -> list[Table | str]:
    """What was planted, what was noticed of it, and what became of the models, for the terminal."""
    planted = "; ".join(f"{drift_name(drift)} from {month_name(drift.first_month)}" for drift in scenario.drifts)
    noticed = Table(title=f"Planted: {planted or 'nothing'}")
    for column in ("detector", "expected", "first seen", "months after", "months before", "verdict"):
        noticed.add_column(column, overflow="fold")
    for row in scenario.noticed:
        noticed.add_row(
            str(row.detector),
            row.expected,
            month_name(row.first.month) if row.first else "never",
            "–" if row.months_after is None else str(row.months_after),
            str(row.alarms_before),
            row.verdict,
        )
    unbuilt = [f"{month_name(month)}: {why}" for month, why in sorted(scenario.unbuilt.items())]
    return [noticed, *([auc_table(scenario)] if scenario.drifts else []), *_cures(scenario), *unbuilt]


def auc_table(scenario: Scenario) -> Table:
    """ROC-AUC before, in and after the drift, per model."""
    table = Table(title="ROC-AUC of live cohorts")
    for column in ("model", "before the drift", "in the drift", "from the cure on"):
        table.add_column(column, overflow="fold")
    for outcome in scenario.models:
        phases = ("before", "during", "after")
        table.add_row(model_name(outcome.story.model), *(auc_text(outcome.aucs.get(phase)) for phase in phases))
    return table


def _cures(scenario: Scenario) -> Sequence[str]:
    return [told_cure(scenario, outcome) for outcome in scenario.models]
