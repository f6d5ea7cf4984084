"""A scenario of the drift lab: a generated book with drifts in a folder of its own, all its months, its page.

What must be detected of a drift belongs to `lab.scenarios.detection_requirements`, the pages to `lab.scenarios`.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from credit_platform.automation.jobs import BUILD_MONTH, MONITOR_MONTH, SCORE_MONTH
from credit_platform.cli.book import Book, write_book_file
from credit_platform.cli.lab.demo import generate_book, require_contract_form
from credit_platform.cli.lab.story import judge, read_story
from credit_platform.cli.printing import folding_table
from credit_platform.errors import SettingsError
from credit_platform.lab.scenarios.detections import Detection
from credit_platform.lab.scenarios.page import (
    PHASE_HEADINGS,
    Exhibit,
    auc_texts,
    cure_text,
    drift_name,
    gallery_page,
    noticed_texts,
    pictures,
    scenario_page,
)
from credit_platform.lab.scenarios.scenario import Scenario
from credit_platform.lake.book_file import BookFile
from credit_platform.lake.files import write_text
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.generator import USUAL_CASES, USUAL_FIRST_MONTH, USUAL_MONTHS, GeneratedBook
from credit_platform.portfolios.portfolio import Words
from credit_platform.reports.wording import model_name, month_name
from credit_platform.settings import Settings, apart_environment

SCENARIO_FILE = "scenario.json"
PICTURES_FILE = "scenario_pictures.json"
PAGE = Path("reports", "scenario.html")
GALLERY = "gallery.html"
MARK = ".drift-lab"


@dataclass(frozen=True)
class Lab:
    """The folder of the scenarios and their gallery."""

    folder: Path

    def scenario_folder(self, book: GeneratedBook, words: Words) -> Path:
        """The folder of a scenario, named for its drifts and for what is unusual about its book."""
        parts = [*(["leak"] if book.has_leak else []), *map(_drift_folder, book.drifts)]
        size = [
            f"-{text}"
            for text, is_usual in (
                (f"from-{book.months[0]:%Y-%m}", book.months[0] == USUAL_FIRST_MONTH),
                (f"{len(book.months)}-months", len(book.months) == USUAL_MONTHS),
                (f"{book.cases_per_month}-{words.cases}", book.cases_per_month == USUAL_CASES),
            )
            if not is_usual
        ]
        return self.folder / f"{'+'.join(parts) or 'no-drift'}-seed-{book.seed}{''.join(size)}"

    def claim(self, settings: Settings) -> None:
        """Make the folder the lab's own.

        Raises:
            SettingsError: it contains something else, or is the data folder of the book in use.
        """
        place, data = self.folder.resolve(), settings.data_dir.resolve()
        if place == data or place.is_relative_to(data) or data.is_relative_to(place):
            raise SettingsError(
                name="--out", reason=f"{self.folder} and the data folder {data} contain each other", fix="Name another."
            )
        self._claim(self.folder)

    def claim_scenario(self, folder: Path) -> None:
        """Make room for a scenario: an earlier run of the same one is deleted.

        Raises:
            SettingsError: the folder contains something else.
        """
        self._claim(folder)
        for entry in folder.iterdir():
            if entry.name == MARK:
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def _claim(self, folder: Path) -> None:
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file()):
            raise SettingsError(
                name="--out", reason=f"{folder} contains something the lab did not write", fix="Name an empty folder."
            )
        write_text(folder / MARK, "The drift lab wrote this folder and may write it again.\n")

    def exhibits(self) -> list[Exhibit]:
        """Every scenario that has run."""
        return [
            Exhibit(
                facts=json.loads(file.read_text(encoding="utf-8")),
                pictures=json.loads(file.with_name(PICTURES_FILE).read_text(encoding="utf-8")),
                page=f"{file.parent.name}/{PAGE.as_posix()}",
            )
            for file in sorted(self.folder.glob(f"*/{SCENARIO_FILE}"))
        ]


def _drift_folder(drift: Drift) -> str:
    return f"{drift.kind}-{drift.first_month:%Y-%m}-{drift.strength:g}"


def settings_apart(settings: Settings, folder: Path, book: GeneratedBook) -> Settings:
    """The settings of a scenario's own book: the policy in use, and nothing that starts by itself."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            "raw_dir": folder / "raw",
            "first_month": book.months[0],
            "last_month": book.months[-1],
            "is_book_known": True,
            "automation": "stopped",
        }
    )


def simulate(settings: Settings, console: Console, book: GeneratedBook, *, lab: Lab) -> Scenario:
    """Generate the scenario's book, run all its months apart from every other book, and write its page and the gallery.

    Raises:
        SettingsError: the folder is not the lab's, or policy maps the columns of a lender's files.
    """
    words = settings.portfolio.words
    require_contract_form(settings)
    lab.claim(settings)
    folder = lab.scenario_folder(book, words)
    lab.claim_scenario(folder)
    apart = settings_apart(settings, folder, book)
    generate_book(Layout.of(apart.data_dir, apart.raw_dir, apart.portfolio), console, book)
    first, last = book.months[0], book.months[-1]
    write_book_file(apart, BookFile(portfolio=settings.portfolio_name, first_month=first, last_month=last))
    mishaps = _backfill(folder, console)
    seen: list[Detection] = []
    if any(drift.kind == DriftKind.LATE_CORRECTION for drift in book.drifts):
        seen = read_story(Book.of(apart)).detections
        mishaps += _correct(apart, console, book)
    scenario = judge(Book.of(apart), book, name=folder.name, seen=seen, mishaps=mishaps)
    write_text(folder / PAGE, scenario_page(scenario, gallery=f"../../{GALLERY}"))
    write_text(folder / PICTURES_FILE, json.dumps(pictures(scenario)))
    write_text(folder / SCENARIO_FILE, json.dumps(scenario.to_dict(), indent=1) + "\n")
    write_text(lab.folder / GALLERY, gallery_page(lab.exhibits(), cases=words.cases))
    return scenario


def _correct(apart: Settings, console: Console, book: GeneratedBook) -> list[str]:
    """Deliver the corrected files of all months and accept them: labels and what is monitored are made again.

    Returns what failed.
    """
    layout = Layout.of(apart.data_dir, apart.raw_dir, apart.portfolio)
    write_book(layout, book, on_month=lambda: None, is_corrected=True)
    first = min(drift.first_month for drift in book.drifts if drift.kind == DriftKind.LATE_CORRECTION)
    console.print(f"The {apart.portfolio.words.case} files from {month_name(first)} on are delivered again, corrected.")
    since = ("--from", f"{first:%Y-%m}")
    return [
        *_backfill(apart.data_dir, console, *since, "--job", BUILD_MONTH, "--replace"),
        *_backfill(apart.data_dir, console, *since, "--job", SCORE_MONTH),
        *_backfill(apart.data_dir, console, *since, "--job", MONITOR_MONTH),
    ]


def _backfill(folder: Path, console: Console, *arguments: str) -> list[str]:
    """Run the book's months in a process of its own, with its own run history, and send no alerts.

    Returns how the process failed. A month that failed is part of the scenario; after a process that died nothing can
    be judged.
    """
    program = Path(sys.executable).with_name("credit-platform")
    command = [str(program), "backfill", *arguments]
    done = subprocess.run(command, env=apart_environment(folder), stdout=console.file, check=False)  # noqa: S603 - our own command
    if done.returncode in {0, 1}:
        return []
    return [f"`{' '.join(['credit-platform', *command[1:]])}` ended with {done.returncode}; its output is above"]


def scenario_tables(scenario: Scenario) -> list[Table | str]:
    """The drifts, what was detected of them, and how the models fared, for the terminal."""
    changes = "; ".join(
        [*scenario.leaks, *(f"{drift_name(drift)} from {month_name(drift.first_month)}" for drift in scenario.drifts)]
    )
    columns = ("detector", "required", "first seen", "months after", "months before", "verdict")
    rows = ((str(row.detector), *noticed_texts(row)) for row in scenario.noticed)
    noticed = folding_table(f"Simulated: {changes or 'no drift'}", *columns, rows=rows)
    unbuilt = [f"{month_name(month)}: {why}" for month, why in sorted(scenario.unbuilt.items())]
    cures = [cure_text(scenario, outcome) for outcome in scenario.models]
    return [noticed, *([auc_table(scenario)] if scenario.drifts else []), *cures, *unbuilt]


def auc_table(scenario: Scenario) -> Table:
    """ROC-AUC before, in and after the drift, per model."""
    columns = (f"{column[0].lower()}{column[1:]}" for column in ("Model", *PHASE_HEADINGS))
    rows = ((model_name(outcome.story.model), *auc_texts(outcome)) for outcome in scenario.models)
    return folding_table("ROC-AUC of live cohorts", *columns, rows=rows)
