"""Comparing the generated book with a real one: reading it, making the generated ones, tables for the terminal.

What is compared belongs to `lab.fidelity.fidelity`.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from credit_platform.assets.tables.bronze import sources
from credit_platform.errors import SettingsError
from credit_platform.lab.fidelity.book_sample import BookSample, generated_rows, sample_of
from credit_platform.lab.fidelity.fidelity import compare_books
from credit_platform.lab.fidelity.line import Line
from credit_platform.lab.fidelity.ranking import compare_rankings
from credit_platform.lake.raw.raw_book import read_book
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS

STATUSES = ("ok", "warn", "breach", "unknown")


def agreement_lines(folder: Path, config: ModelConfig, *, seed: int) -> list[Line]:
    """Every figure of the real book in a folder beside that of a generated one of its months and size.

    Raises:
        SettingsError: there is no such folder.
        SourceError: a source has no file there, or one that cannot be read for sure.
    """
    if not folder.is_dir():
        raise SettingsError(name="FOLDER", reason=f"{folder} is no folder", fix="Name one with the four raw files.")
    real = sample_of(read_book(folder, sources(LOANS, config), LOANS), config)

    def generated(with_seed: int) -> BookSample:
        spec = BookSpec(
            first_month=real.months[0],
            n_months=len(real.months),
            loans_per_month=real.loans_per_month,
            clickstream_months=config.features.history_months(CLICKSTREAM.name),
            seed=with_seed,
        )
        return sample_of(generated_rows(spec), config)

    made, training = generated(seed), generated(seed + 1)
    return [*compare_books(real, made), *compare_rankings(training.labelled(), real.labelled(), made.labelled())]


def agreement_tables(lines: Sequence[Line]) -> list[Table]:
    """Counts by section and status, the figures everybody asks for, and every figure that is not near."""
    summary = Table(title="Agreement of the generated book with the real one")
    for column in ("section", *STATUSES):
        summary.add_column(column, justify="left" if column == "section" else "right")
    counts = Counter((line.section, line.status) for line in lines)
    for section in dict.fromkeys(line.section for line in lines):
        summary.add_row(section, *(str(counts[section, status]) for status in STATUSES))
    apart = _figures("Not near", [line for line in lines if line.status != "ok"])
    return [summary, _figures("Figures of the whole book", [line for line in lines if _is_headline(line)]), apart]


def _is_headline(line: Line) -> bool:
    is_whole = line.item == "loans with a label" or line.item.endswith("all cohorts")
    return is_whole or line.section == "coverage"


def _figures(title: str, lines: Sequence[Line]) -> Table:
    table = Table(title=title)
    for column in ("figure", "real", "generated", "distance", "n", "status"):
        table.add_column(column, overflow="fold")
    for line in lines:
        table.add_row(
            f"{line.item}: {line.statistic}",
            _with_interval(line.real, line.real_low, line.real_high),
            _with_interval(line.made, line.made_low, line.made_high),
            "unknown" if line.distance is None else f"{line.distance:+.3f}",
            f"{line.n_real} / {line.n_made}",
            line.status,
        )
    return table


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.5g}" if low is None or high is None else f"{value:.5g} ({low:.5g} to {high:.5g})"
