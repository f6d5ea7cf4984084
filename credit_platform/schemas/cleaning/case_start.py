"""When a case began, over all its months: the first date it was delivered with stays, and an id may be used again.

A modified loan is often delivered with a later start date, and a term that begins again; it is the same loan all the
same, and no second application. What is read before a row is known from earlier months is written in `table_cleaning`.
"""

from dataclasses import dataclass

import polars as pl

from credit_platform.schemas.cleaning.rule import CleaningRule

DELIVERED_START = "delivered_start"  # the date the row itself says
_START, _CUSTOMER, _HAS_ENDED, _MONTH = "known.start", "known.customer", "known.has_ended", "known.month"


@dataclass(frozen=True)
class CaseStart:
    """What tells one case of an id from another, by names of columns.

    Attributes:
        key: silver column that identifies a case.
        customer: silver column that identifies its customer.
        start: silver column with the day it began; its source column has the same name.
        has_ended: over silver rows, whether nothing is to come after a row.
        judged: rejections that look at the date; rows they set aside may be sound once the first date is known.
    """

    key: str
    customer: str
    start: str
    has_ended: pl.Expr
    judged: tuple[str, ...] = ()

    @property
    def changed(self) -> CleaningRule:
        """The rule that keeps the first date."""
        return CleaningRule(
            name=f"{self.start}_changed",
            column=self.start,
            condition="not the date this id was first delivered with",
            remedy="the first date is kept",
            applies=self._is_other & ~self._is_of_another,
            strategy="repair",
            is_fixed=True,
        )

    @property
    def used_again(self) -> CleaningRule:
        """The rule that notes the first row of a case whose id another case had."""
        return CleaningRule(
            name=f"{self.key}_used_again",
            column=self.key,
            condition="an earlier case had this id, and had ended or was another customer's",
            remedy="the row begins a case of its own",
            applies=self._is_other & self._is_of_another,
            strategy="flag",
            is_fixed=True,
        )

    @property
    def rules(self) -> tuple[CleaningRule, ...]:
        """Both rules."""
        return (self.changed, self.used_again)

    @property
    def _is_other(self) -> pl.Expr:
        return (pl.col(self.start) != pl.col(_START)).fill_null(value=False)

    @property
    def _is_of_another(self) -> pl.Expr:
        is_over = pl.col(_HAS_ENDED) | (pl.col(self.customer) != pl.col(_CUSTOMER)).fill_null(value=False)
        return (pl.col(self.start) > pl.col(_MONTH)) & is_over

    def last_seen(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """What later months must know of the cases in some silver rows: one row per id, its last."""
        told = {
            _START: pl.col(self.start),
            _CUSTOMER: pl.col(self.customer),
            _HAS_ENDED: self.has_ended,
            _MONTH: pl.col("snapshot_month"),
        }
        return rows.select(self.key, **told).sort(_MONTH).unique(self.key, keep="last")

    def resolve(self, rows: pl.LazyFrame, known: pl.LazyFrame | None) -> pl.LazyFrame:
        """Put the first date in the place of a changed one, and note that in `repairs`.

        Args:
            rows: silver values of one month or of several in which no id has two dates.
            known: what `last_seen` says of the months before; None where nothing is known.
        """
        if known is None:
            return rows.with_columns(pl.col(self.start).alias(DELIVERED_START))
        noted = pl.concat_list(pl.when(rule.applies).then(pl.lit(rule.name)) for rule in self.rules).list.drop_nulls()
        return rows.join(known, on=self.key, how="left", maintain_order="left").with_columns(
            pl.col(self.start).alias(DELIVERED_START),
            pl.when(self.changed.applies).then(_START).otherwise(self.start).alias(self.start),
            repairs=pl.when(self._is_other).then(pl.col("repairs").list.concat(noted).list.sort()).otherwise("repairs"),
        )

    def needs_order(self, rows: pl.DataFrame, quarantined: pl.DataFrame) -> bool:
        """Whether months cleaned at once must be cleaned one after the other, as an id has two dates in them."""
        dates = rows.lazy().group_by(self.key).agg(n=pl.col(self.start).n_unique())
        is_moved = bool((dates.select(pl.col("n").max()).collect().item() or 0) > 1)
        return is_moved or bool(quarantined["rule"].is_in(self.judged).any())
