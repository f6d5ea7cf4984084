"""Sources that hardly know a month's new cases, each with one id of both sides and how they differ.

As a rule the two write their ids in different ways. The check that says so is in `judgements_features`, how ids are
compared in `monitoring.data_quality.id_shapes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.id_shapes import IdDifference, id_difference, shape_of
from credit_platform.policy.check_policy import CheckPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio, Source

_FEATURES = "gold/feature_store"


@dataclass(frozen=True)
class Stranger:
    """A source whose ids are not those of the cases, and a sentence about it."""

    source: str
    is_required: bool
    said: str


def strangers(
    lake: Lake, month: date, shares: Mapping[str, Any] | None, config: ModelConfig, policy: CheckPolicy
) -> list[Stranger]:
    """The sources that cover less than the floor of a month's new cases.

    One that is not required is among them only where its ids are those of the cases in another spelling: that it covers
    few may be right.

    Args:
        lake: the tables.
        month: the month.
        shares: `n_loans`, and per flag of the feature store the share of cases the source covers; None without cases.
        config: which sources are required.
        policy: the floor.
    """
    floor, found = policy.coverage.min_covered, list[Stranger]()
    if shares is None:
        return found
    for source in lake.layout.portfolio.sources:
        share = shares[source.flag] if source.flag else floor
        if share >= floor:
            continue
        is_required, difference = config.sources[source.name].required, _difference(lake, month, source)
        if not is_required and not (difference and difference.alike):
            continue
        said = (
            f"{source.name} covers {share:.1%} of {shares['n_loans']:,} new {lake.layout.portfolio.words.cases}"
            f"{f', at least {floor:.0%} must be (checks.coverage in data_quality.yaml)' if is_required else ''}: "
            f"{_in_words(difference, source, lake.layout.portfolio)}"
        )
        found.append(Stranger(source.name, is_required, said))
    return found


def _difference(lake: Lake, month: date, source: Source) -> IdDifference | None:
    customer, table = lake.layout.portfolio.cases.customer, f"silver/{source.table}"
    known = [earlier for earlier in lake.months(table) if earlier <= month]
    unknown = lake.scan(_FEATURES, [month]).filter(~pl.col(source.flag or "")).select(customer)
    if not known:
        return None
    here, there = pl.collect_all([unknown, lake.scan(table, known).select(pl.col(customer).unique())])
    return id_difference(here[customer], there[customer])


def _in_words(difference: IdDifference | None, source: Source, portfolio: Portfolio) -> str:
    """What differs. An id is quoted only where it cannot be a person's name that stands in the wrong column."""
    if difference is None:
        return "it has no row up to this month"
    is_personal = source.has_personal_key or portfolio.case_source.has_personal_key
    is_quoted = not is_personal and (difference.alike or not source.has_personal_data)
    here, there = (
        f"{text} (shape {shape_of(text)})" if is_quoted else f"of the shape {shape_of(text)}"
        for text in (difference.here, difference.there)
    )
    kinds = f"; they differ in {' and '.join(difference.kinds)}" if difference.kinds else ""
    alike = f", {difference.alike:,} ids alike" if difference.alike else ""
    return f"an id here is {there}, one of the {portfolio.case_source.name} is {here}{kinds}{alike}"
