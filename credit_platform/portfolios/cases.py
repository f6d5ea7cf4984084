"""What is scored: the table in which every case is first seen, a source's own or one made of others.

How a case turns out, and everything else a book says, stands in `portfolio`.
"""

from collections.abc import Callable, Mapping, Sequence
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
class AppliedCases:
    """How a case that is handed in to be scored, and no source delivers, becomes a row of the cases table.

    Attributes:
        key: the case's key where none is handed in, over `snapshot_date` and the customer's column.
        build: cases (`snapshot_month`, `snapshot_date`, key, customer) and the silver rows known of their customers, to
            the columns of the cases table that features are made of. What is no case is left out.
        is_of_a_month: whether a case is one of a whole month, and is scored as of its last day.
        otherwise: why a row may be no case.
    """

    key: pl.Expr
    build: Callable[[pl.LazyFrame, Mapping[str, pl.LazyFrame], ModelConfig], pl.LazyFrame]
    is_of_a_month: bool = False
    otherwise: str = ""


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
        applied: how one is scored that no source delivers; None where its source must be handed in.
    """

    table: str
    key: str
    customer: str
    noun: str
    is_new: pl.Expr
    months_on_book: pl.Expr
    start: CaseStart | None = None
    made: MadeCases | None = None
    applied: AppliedCases | None = None
