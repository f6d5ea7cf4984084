"""Comparing the generated book with a real one: reading it, making the generated ones, tables for the terminal.

What is compared belongs to `lab.fidelity.fidelity`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.table import Table

from credit_platform.assets.tables.bronze import sources
from credit_platform.cli.lab.drifts import history_months
from credit_platform.cli.printing import folding_table
from credit_platform.errors import SettingsError
from credit_platform.lab.fidelity.book_sample import BookSample, generated_rows, sample_of
from credit_platform.lab.fidelity.fidelity import compare_books
from credit_platform.lab.fidelity.line import FidelityLine
from credit_platform.lab.fidelity.ranking import compare_rankings
from credit_platform.lake.raw.raw_book import read_book
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio

# Whatever a file of standing facts leaves open, its rows are read.
_BEFORE_ANY_BOOK = date(1900, 1, 1)
STATUSES = ("ok", "warn", "breach", "unknown")


def fidelity_lines(folder: Path, portfolio: Portfolio, config: ModelConfig, *, seed: int) -> list[FidelityLine]:
    """Every figure of the real book in a folder beside that of a generated one of its months and size.

    Raises:
        SettingsError: there is no such folder, or the portfolio has no generator.
        SourceError: a source has no file there, or one that cannot be read with certainty.
    """
    generator = portfolio.required_generator
    if not folder.is_dir():
        raise SettingsError(name="FOLDER", reason=f"{folder} is no folder", fix="Name one with the raw files.")
    known = sources(portfolio, config, _BEFORE_ANY_BOOK)
    real = sample_of(read_book(folder, known, portfolio), portfolio, config)

    def generated(with_seed: int) -> BookSample:
        book = generator.make(
            first_month=real.months[0],
            n_months=len(real.months),
            cases_per_month=real.cases_per_month,
            seed=with_seed,
            history_months=history_months(portfolio, config),
            has_leak=generator.compared.has_leak,
        )
        return sample_of(generated_rows(book), portfolio, config)

    made, training = generated(seed), generated(seed + 1)
    labelled = [book.labelled() for book in (training, real, made)]
    return [*compare_books(real, made), *compare_rankings(portfolio.features, *labelled)]


def fidelity_tables(lines: Sequence[FidelityLine]) -> list[Table]:
    """Counts by section and status, the figures of the whole book, and every figure that is not near."""
    summary = Table(title="Fidelity of the generated book to the real one")
    for column in ("section", *STATUSES):
        summary.add_column(column, justify="left" if column == "section" else "right")
    counts = Counter((line.section, line.status) for line in lines)
    for section in dict.fromkeys(line.section for line in lines):
        summary.add_row(section, *(str(counts[section, status]) for status in STATUSES))
    different = _figures("Not near", [line for line in lines if line.status != "ok"])
    return [summary, _figures("Figures of the whole book", [line for line in lines if _is_headline(line)]), different]


def _is_headline(line: FidelityLine) -> bool:
    is_whole = line.item.endswith((" with a label", "all cohorts"))
    return is_whole or line.section == "coverage"


def _figures(title: str, lines: Sequence[FidelityLine]) -> Table:
    rows = (
        (
            f"{line.item}: {line.statistic}",
            _with_interval(line.real, line.real_low, line.real_high),
            _with_interval(line.made, line.made_low, line.made_high),
            "unknown" if line.distance is None else f"{line.distance:+.3f}",
            f"{line.n_real} / {line.n_made}",
            line.status,
        )
        for line in lines
    )
    return folding_table(title, "figure", "real", "generated", "distance", "n", "status", rows=rows)


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.5g}" if low is None or high is None else f"{value:.5g} ({low:.5g} to {high:.5g})"
