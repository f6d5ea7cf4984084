"""What is scored: the table in which every case is first seen, a source's own or one made of others.

How a case turns out, and everything else a book says, stands in `portfolio`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import dataframely as dy
import polars as pl

from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.feature_set import FeatureInput
from credit_platform.schemas.cleaning.case_start import CaseStart


class BuildCases(Protocol):
    """Silver rows to the cases of some months."""

    def __call__(self, silver: Mapping[str, pl.LazyFrame], months: Sequence[date], config: ModelConfig) -> pl.LazyFrame:
        """The rows of the cases table.

        Args:
            silver: the inputs by asset key, as far back as each reaches from the first of the months.
            months: the wanted months, rising; only their rows are returned.
            config: the model configuration, whose book's own sections say what a case is.
        """
        ...


@dataclass(frozen=True)
class MadeCases:
    """That no source delivers the cases: they are made of what the sources say, such as who has bought lately.

    Attributes:
        source: the source whose months are the book's.
        schema: of the cases table.
        inputs: the silver tables they are made of.
        build: makes them.
        remedy: what to do when the asset of the table is red.
    """

    source: str
    schema: type[dy.Schema]
    inputs: tuple[FeatureInput, ...]
    build: BuildCases
    remedy: str


@dataclass(frozen=True)
class Cases:
    """The silver table in which every case is first seen.

    Attributes:
        table: asset key of the silver table.
        key: column that identifies a case everywhere.
        customer: column that identifies its customer.
        noun: what one case is called, singular.
        is_new: over its rows, whether the case is to be scored in the row's month.
        months_on_book: over its rows, whole months since the case began.
        start: what tells one case of an id from another over the months; None where nothing does.
        made: how the table is made where it is no source's own; None where it is.
    """

    table: str
    key: str
    customer: str
    noun: str
    is_new: pl.Expr
    months_on_book: pl.Expr
    start: CaseStart | None = None
    made: MadeCases | None = None
