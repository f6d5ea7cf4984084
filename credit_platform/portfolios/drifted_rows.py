"""What drifts do to the rows of any generated book: emptied cells, and files of another form.

Which columns that is about is said in each book's generator; what a drift does to people and outcomes belongs there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from credit_platform.portfolios.drift import Drift, DriftKind

# Up to which strength a change of form is no more than this; above the last, a column has another name.
ORDER_ONLY, COMMAS, ADDED = 0.25, 0.5, 0.75


@dataclass(frozen=True)
class ChangedForm:
    """The columns of a file that a change of its form is about.

    Attributes:
        decimals: columns whose numbers come with decimal commas; empty where no change goes that way.
        added: a new column, and the text of its cells.
        renamed: a column, and the name it comes under.
    """

    decimals: tuple[str, ...]
    added: tuple[str, str]
    renamed: tuple[str, str]


def is_order_only(drift: Drift) -> bool:
    """Whether a drift delivers the same columns in another order."""
    return drift.kind == DriftKind.SCHEMA_CHANGE and drift.strength <= ORDER_ONLY


def changed_form(rows: pl.DataFrame, form: ChangedForm, strength: float) -> pl.DataFrame:
    """Deliver the same rows in another form: other order, decimal commas, a new column or a renamed one."""
    if strength <= ORDER_ONLY:
        return rows.select(reversed(rows.columns))
    if strength <= COMMAS and form.decimals:
        return rows.with_columns(pl.col(form.decimals).str.replace(".", ",", literal=True))
    if strength <= ADDED:
        name, text = form.added
        return rows.with_columns(pl.lit(text).alias(name))
    return rows.rename(dict([form.renamed]))


def without_cells(rows: pl.DataFrame, columns: Sequence[str], share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Empty that share of the cells of some columns."""
    return rows.with_columns(
        pl.when(pl.Series(rng.random(rows.height) >= share)).then(pl.col(name)).alias(name) for name in columns
    )
