"""Cases of mature cohorts that have no label, each with the reason.

What a label is, and why a case that left has none, is said by the book; stopping a month belongs to checks.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.cases import Cases
from credit_platform.schemas.cleaning.keys import key_of


def quarantined_cases(
    quarantine: pl.LazyFrame, rows: pl.LazyFrame, cases: Cases, *, lag: int, source_key: str
) -> pl.LazyFrame:
    """The cases of which later rows than the last usable one were delivered and set aside: they have not left.

    Args:
        quarantine: rows of the cases table's quarantine.
        rows: cases table rows of the same months.
        cases: the key of a case, and its months on book.
        lag: months on book up to which rows count.
        source_key: the source column that the key is read from.

    Returns:
        Key and `cohort`.
    """
    key, case = cases.key, [cases.key, "cohort"]
    named = key_of(pl.col("raw_text").str.json_path_match(f"$['{source_key}']"))
    set_aside = quarantine.select(named.alias(key), aside="snapshot_month").drop_nulls().unique()
    seen = with_cohort(rows.join(set_aside, on=key, how="semi"), cases).select(*case, "snapshot_month")
    until = pl.col("cohort").dt.offset_by(f"{lag}mo")
    # Of an id that is used again, the rows of the later case end what may be said of the earlier one.
    last = (
        seen.select(case)
        .unique()
        .join(seen.select(key, "snapshot_month"), on=key)
        .filter(pl.col("snapshot_month") <= until)
        .group_by(case)
        .agg(pl.col("snapshot_month").max())
    )
    is_later = (pl.col("aside") > pl.col("snapshot_month")) & (pl.col("aside") <= until)
    return last.join(set_aside, on=key).filter(is_later).select(case).unique()


def find_unlabelled(
    rows: pl.LazyFrame,
    labels: pl.LazyFrame,
    quarantined: pl.LazyFrame,
    cases: Cases,
    *,
    months: Sequence[date],
    first_cohort: date,
    label: LabelPolicy,
    left: pl.Expr,
    is_awaited: pl.Expr | None = None,
) -> pl.LazyFrame:
    """Collect the cases that have no label.

    Args:
        rows: cases table rows of every month up to the last wanted one.
        labels: gold/label_store rows of the months.
        quarantined: as `quarantined_cases` finds them.
        cases: the key of a case, and its months on book.
        months: the wanted months.
        first_cohort: the book's first month; older cases that are seen late are none of its cohorts.
        label: the definition, which says in which month the label of a case should be known.
        left: why a case that left has none, over its last row.
        is_awaited: whether a case's label is still to come, over its last row; None where none is.

    Returns:
        gold/unlabelled rows, sorted by month, cohort and key.
    """
    case, columns = [cases.key, "cohort"], [cases.key, "cohort", "snapshot_month", "reason"]
    aged, lag = with_cohort(rows, cases), label.lag_months
    known_in = {cohort: month for month in months for cohort in label.cohorts_known_in(month)}
    due = (
        aged.filter(pl.col("months_on_book") <= lag, pl.col("cohort").is_in(list(known_in)))
        .join(labels.select(case), on=case, how="anti")
        .sort("months_on_book")
        .unique(case, keep="last", maintain_order=True)
        .with_columns(snapshot_month=pl.col("cohort").replace_strict(known_in, return_dtype=pl.Date))
        .join(quarantined.select(*case, is_quarantined=pl.lit(value=True)), on=case, how="left")
        .join(rows.select("snapshot_month", has_rows=pl.lit(value=True)).unique(), on="snapshot_month", how="left")
        .with_columns(
            reason=pl.when("is_quarantined")
            .then(pl.lit("quarantined"))
            .when(pl.col("has_rows").is_null())
            .then(pl.lit("no_usable_row"))
            .when(pl.lit(value=False) if is_awaited is None else is_awaited)
            .then(pl.lit("not_delivered"))
            .when(pl.col("months_on_book") == lag)
            .then(pl.lit("indeterminate"))
            .otherwise(left)
        )
    )
    late = (
        aged.group_by(case)
        .agg(pl.col("snapshot_month").min(), pl.col("months_on_book").min())
        .filter(
            pl.col("months_on_book") > lag, pl.col("cohort") >= first_cohort, pl.col("snapshot_month").is_in(months)
        )
        .with_columns(reason=pl.lit("first_seen_after_horizon"))
    )
    return pl.concat([due.select(columns), late.select(columns)]).sort("snapshot_month", *case[::-1])


def with_cohort(rows: pl.LazyFrame, cases: Cases) -> pl.LazyFrame:
    """Rows of the cases table with `months_on_book` and `cohort`, the month in which the case began."""
    months_back = pl.concat_str(pl.lit("-"), "months_on_book", pl.lit("mo"))
    return rows.with_columns(months_on_book=cases.months_on_book).with_columns(
        cohort=pl.col("snapshot_month").dt.offset_by(months_back)
    )
