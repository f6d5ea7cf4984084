"""The platform from Python: its phases as methods of one object, and what it measures as small objects beside it.

The names are those of the pipelines this platform replaces, so that notebooks written for them read on. Each is a
thin front over what the command line and the assets run; no rule and no number is made here. The small objects
stand in `evaluators`.
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
from credit_platform.cli.run.continuous import WalkedMonth, months_to_walk, walk
from credit_platform.cli.run.training import is_untrained, train_first
from credit_platform.errors import TrainingError, WindowError
from credit_platform.lake.governance.promotions import PromotionLog, incumbent
from credit_platform.months import add_months
from credit_platform.settings import Settings, load_settings


@dataclass
class MLPipelineOrchestrator:
    """The life of one book, phase by phase; what its runs print goes to `console`, or into the error of a failure."""

    settings: Settings = field(default_factory=load_settings)
    console: Console = field(default_factory=lambda: Console(file=StringIO(), width=200))

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
            num_months: How many months of the book are to be used at most; the windows of policy say how many are
                needed, and all they need are used.

        Returns:
            The version in force by model, and what they reached: `model, model_version, sample_role, metric, value`.

        Raises:
            WindowError: the windows need more than `num_months`, or more than is delivered.
            SourceError: there is no usable loan file.
            TrainingError: a step failed; the message tells what is missing.
        """
        book = self.book
        axis = book.axis
        if num_months is not None and add_months(axis.first_snapshot, num_months - 1) < axis.first_training:
            raise WindowError(
                as_of=add_months(axis.first_snapshot, num_months - 1),
                reason=f"{num_months} months hold no training window",
                fix=f"The first training is possible in {axis.first_training:%Y-%m}; see credit-platform timeline",
            )
        if is_untrained(book) and train_first(book, self.console) != 0:
            raise TrainingError(model="all", reason=self._said(), fix="Mend the cause and call this again")
        return self._versions_in_force(add_months(axis.first_training, 1))

    def run_continuous_learning(self, max_iterations: int | None = None) -> list[WalkedMonth]:
        """Walk on month by month from what is finished, as `credit-platform continuous`.

        Months that failed before are tried again, whatever `max_iterations` says of those after the newest finished.

        Returns:
            What each model did in each month, and what failed there.

        Raises:
            SourceError: there is no usable loan file.
            AuditError: the audit log was tampered with.
        """
        book = self.book
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
        book, parts = self.book, list[pl.DataFrame]()
        versions: dict[str, str] = {}
        for model in book.settings.policy.model.models:
            version = incumbent(PromotionLog(book.lake.layout).records(), model, month)
            if version is None:
                continue
            versions[model] = version
            metrics = book.lake.versions.read(model, version).metadata.metrics
            schema = {"sample_role": pl.String, "metric": pl.String, "value": pl.Float64}
            rows = pl.DataFrame([(row.sample_role, row.metric, row.value) for row in metrics], schema, orient="row")
            parts.append(rows.select(pl.lit(model).alias("model"), pl.lit(version).alias("model_version"), pl.all()))
        return versions, pl.concat(parts) if parts else pl.DataFrame()

    def _said(self) -> str:
        stream = self.console.file
        return stream.getvalue().strip() if isinstance(stream, StringIO) else "a step failed, see above"
