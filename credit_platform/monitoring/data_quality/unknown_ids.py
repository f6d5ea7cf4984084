"""Sources that hardly know a month's new cases, each with one id of both sides and how they differ.

As a rule the two write their ids in different ways. Reading the ids belongs to checks, comparing them to `id_shapes`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from credit_platform.monitoring.data_quality.id_shapes import IdDifference, id_difference, shape_of
from credit_platform.policy.data_quality import CoverageBand
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.schemas.personal_data import has_personal_data

ReadIds = Callable[[Source], tuple[pl.Series, pl.Series]]


@dataclass(frozen=True)
class Stranger:
    """A source whose ids are not those of the cases, and a sentence about it."""

    source: str
    is_required: bool
    said: str


def strangers(
    shares: Mapping[str, Any], ids: ReadIds, portfolio: Portfolio, config: ModelConfig, coverage: CoverageBand
) -> list[Stranger]:
    """The sources that cover less than the floor of a month's new cases.

    One that is not required is among them only where its ids are those of the cases in another spelling: that it covers
    few may be right.

    Args:
        shares: `n_cases`, and per flag of the feature store the share of new cases the source covers.
        ids: customers of the cases a source does not cover, and all customers it has.
        portfolio: the sources, and what a case is called.
        config: which sources are required.
        coverage: the floor.
    """
    floor, found = coverage.min_covered, list[Stranger]()
    for source in portfolio.sources:
        share = shares[source.flag] if source.flag else floor
        if share >= floor:
            continue
        is_required, difference = config.sources[source.name].required, id_difference(*ids(source))
        if not is_required and not (difference and difference.alike):
            continue
        said = (
            f"{source.name} covers {share:.1%} of {shares['n_cases']:,} new {portfolio.words.cases}"
            f"{f', at least {floor:.0%} must be (checks.coverage in data_quality.yaml)' if is_required else ''}: "
            f"{_in_words(difference, source, portfolio)}"
        )
        found.append(Stranger(source.name, is_required, said))
    return found


def _in_words(difference: IdDifference | None, source: Source, portfolio: Portfolio) -> str:
    """What differs. An id is quoted only where it cannot be a person's name that stands in the wrong column."""
    if difference is None:
        return "it has no row up to this month"
    is_personal = any(_has_personal_data(each, each.cells.key) for each in (source, portfolio.case_source))
    is_quoted = not is_personal and (difference.alike or not _has_personal_data(source, source.columns))
    here, there = (
        f"{text} (shape {shape_of(text)})" if is_quoted else f"of the shape {shape_of(text)}"
        for text in (difference.here, difference.there)
    )
    kinds = f"; they differ in {' and '.join(difference.kinds)}" if difference.kinds else ""
    alike = f", {difference.alike:,} ids alike" if difference.alike else ""
    return f"an id here is {there}, one of the {portfolio.case_source.name} is {here}{kinds}{alike}"


def _has_personal_data(source: Source, columns: tuple[str, ...]) -> bool:
    return any(has_personal_data(source.bronze.columns()[name]) for name in columns)
