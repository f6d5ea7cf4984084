"""The platform from Python: its phases as methods of one object, and what it measures as small objects beside it.

The names are those of the pipelines this platform replaces, so that notebooks written for them read on. Each is a
thin front over what the command line and the assets run; no rule and no number is made here. The small objects
are in the modules beside this one.
"""

import json
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from pathlib import Path

import polars as pl
from rich.console import Console

from credit_platform.cli import main
from credit_platform.cli.book import Book, initialise
from credit_platform.cli.run.continuous import WalkedMonth, months_to_walk, train_where_nobody_has, walk
from credit_platform.cli.run.training import is_untrained, require_months_to_learn_from, train_first
from credit_platform.errors import TrainingError
from credit_platform.facades.runs import quiet_console, said_on
from credit_platform.facades.training import ModelTrainer, ModelUtils
from credit_platform.months import add_months
from credit_platform.settings import Settings, load_settings


@dataclass
class MLPipelineOrchestrator:
    """The life of one book, phase by phase; what its runs print goes to `console`, or into the error of a failure."""

    settings: Settings = field(default_factory=load_settings)
    console: Console = field(default_factory=quiet_console)

    @property
    def book(self) -> Book:
        """The book as its settings have it now."""
        return Book.of(self.settings)

    def run_initialization(self) -> Book:
        """Write the book's months to platform.yaml, as `credit-platform init`; deletes nothing.

        Raises:
            SourceError: there is no usable loan file.
        """
        self.settings = initialise(self.settings)
        return self.book

    def run_initial_training(self, num_months: int | None = None) -> tuple[dict[str, str], pl.DataFrame]:
        """Build the book up to its first training, train every model and score the months before.

        Args:
            num_months: From how many months models may learn at most; the windows of policy say from how many they do.

        Returns:
            The version in force by model, and what they reached: `model, model_version, sample_role, metric, value`.

        Raises:
            SettingsError: policy has models learn from more than `num_months`.
            WindowError: the windows need more than is delivered.
            SourceError: there is no usable file of cases.
            TrainingError: a step failed; the message tells what is missing.
        """
        book = self.book
        if num_months is not None:
            require_months_to_learn_from(book, num_months)
        if is_untrained(book) and train_first(book, self.console) != 0:
            raise TrainingError(model="all", reason=said_on(self.console), fix="Mend the cause and call this again")
        return self._versions_in_force(add_months(book.axis.first_training, 1))

    def run_continuous_learning(self, max_iterations: int | None = None) -> list[WalkedMonth]:
        """Walk on month by month from what is finished, as `credit-platform continuous`.

        Where nobody has trained, the first training comes before. Months that failed before are tried again, whatever
        `max_iterations` says of those after the newest finished.

        Returns:
            What each model did in each month, and what failed there.

        Raises:
            SourceError: there is no usable loan file.
            AuditError: the audit log was tampered with.
        """
        book = self.book
        train_where_nobody_has(book, self.console)
        return walk(book, self.console, months_to_walk(book, max_iterations))

    def run_drift_simulation(
        self, drift: str = "concept", first_month: str = "2023-03", strength: float = 0.7, out: Path = Path("lab")
    ) -> dict[str, object]:
        """Plant a drift in a generated book and run its whole life apart, as `credit-platform simulate`.

        Policy is what the environment says; this book and its history are not touched.

        Args:
            drift: The kind, as simulate knows it.
            first_month: From which month on, YYYY-MM.
            strength: Above 0 up to 1.
            out: The folder of the lab, which must be its own (SettingsError otherwise).

        Returns:
            What was noticed when, against the truth, and what failed.
        """
        planted = ["--drift", drift, "--from", first_month, "--strength", f"{strength:g}", "--out", str(out), "--json"]
        printed = StringIO()
        with redirect_stdout(printed):
            main.app(["simulate", *planted], exit_on_error=False, result_action="return_value")
        found: dict[str, object] = json.loads(printed.getvalue())
        return found

    def _versions_in_force(self, month: date) -> tuple[dict[str, str], pl.DataFrame]:
        book, versions = self.book, dict[str, str]()
        for model in book.settings.policy.model.models:
            version = ModelUtils(book).in_force(model, month)
            if version is not None:
                versions[model] = version
        reached = [ModelTrainer(book).evaluate(*one) for one in versions.items()]
        return versions, pl.concat(reached) if reached else pl.DataFrame()
