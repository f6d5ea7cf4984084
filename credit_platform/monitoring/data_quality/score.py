"""The data-quality score of a source's month and the balance of its rows: what is counted, as SQL, and the scores.

Rows are counted independently of the code that cleaned them. Of the queries the text only: connecting, and making the
views they read, is the caller's work. Whether a score is bad enough to be told is said in checks.
"""

from collections.abc import Sequence

import polars as pl

from credit_platform.portfolios.source import Source
from credit_platform.schemas.evidence import DIMENSIONS, TOTAL, DataQuality
from credit_platform.texts import text_beside

# `{cases}` stands for what the book calls several of its cases.
FORMULAS = {
    "completeness": "share of {cases} that have a row of the source, times the share of delivered cells that are "
    "filled",
    "validity": "1 - (repaired or emptied cells + cells of quarantined rows) / delivered cells",
    "uniqueness": "1 - (dropped duplicates + rows quarantined for their key) / delivered rows",
    "timeliness": "share of kept rows dated on the first of the month; later ones were not known when it was closed",
    "volume": "the smaller of volume / median and median / volume, over the median of the earlier months",
    "total": "geometric mean of the scores that can be counted: 0 as soon as one of them is 0",
}


_DAY = "snapshot_date"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def quality_facts_sql(source: Source, *, median_months: int) -> str:
    """The query that counts one source, one row per month of `as_of`, for `score_quality`.

    It reads the views `bronze` and `quarantine` (the months asked for), `silver` and `cases` (all months up to the last
    of them; cases are the rows of the cases table), `balance` (monitoring/row_balance) and `as_of(snapshot_month)`.

    Args:
        source: the source, its silver table and what is due of it.
        median_months: how many earlier months the usual volume is the median of.
    """
    filled = " + ".join(f"count(nullif(trim({_name(column)}), ''))" for column in source.columns)
    is_dated = _DAY in source.silver.column_names()
    return text_beside(__file__, "score.sql").format(
        n_on_time=f"count(*) filter (where {_DAY} = snapshot_month)" if is_dated else "null::bigint",
        on_time="coalesce(kept.n_on_time, 0)" if is_dated else "kept.n_on_time",
        filled=filled,
        n_columns=len(source.columns),
        table=source.table,
        due=source.due.due,
        # Standing facts hold in months that deliver none.
        holds_on="true" if source.date is None else "false",
        amount=source.due.amount,
        median_months=median_months,
    )


def score_quality(facts: pl.DataFrame, cases: str) -> pl.DataFrame:
    """Score the counts of `quality_facts_sql`, with `source` and `unit` added, by the formulas in `FORMULAS`.

    Returns:
        Rows of monitoring/data_quality, sorted by key. A dimension that cannot be counted is null, never 1: without
        rows there is no validity, uniqueness or timeliness, without days no timeliness, without an earlier month no
        volume. A source that delivers nothing although it did before or loans need it has completeness, volume and
        total 0.
    """
    # A column that Polars knows to be constant, as joined rows of one may be, is divided by as a product with its
    # reciprocal: the last bit would depend on how many months are scored together.
    facts = pl.DataFrame(facts.get_columns())
    dimensions = pl.concat(
        [
            facts.select(
                "snapshot_month",
                "source",
                dimension=pl.lit(name),
                value=_VALUES[name].cast(pl.Float64),
                n=pl.col(_COUNTED[name]).cast(pl.Int64),
                detail=_in_words(name, cases),
            )
            for name in DIMENSIONS
        ]
    )
    return (
        pl.concat([dimensions, _totals(dimensions)])
        .select(DataQuality.column_names())
        .sort("snapshot_month", "source", "dimension")
    )


def _totals(dimensions: pl.DataFrame) -> pl.DataFrame:
    """Geometric mean of the scores that are known, and which of them is lowest."""
    value = pl.col("value")
    lowest = pl.col("dimension").sort_by("value", nulls_last=True).first()
    return (
        dimensions.group_by("snapshot_month", "source", maintain_order=True)
        .agg(
            # log(0) is -inf, whose exponential is 0: one dead dimension makes the total 0.
            value=value.log().mean().exp().clip(0.0, 1.0),
            n=value.count().cast(pl.Int64),
            detail=pl.format("geometric mean of {} scores, lowest is {}", value.count(), lowest),
        )
        .with_columns(dimension=pl.lit(TOTAL))
        .select(dimensions.columns)
    )


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then((part / whole).clip(0.0, 1.0))


def _completeness() -> pl.Expr:
    is_missed = (pl.col("n_due") > 0) | (pl.col("usual_amount").fill_null(0) > 0)
    covered = pl.when(pl.col("n_due") > 0).then(pl.col("n_covered") / pl.col("n_due")).otherwise(1.0)
    filled = pl.when(pl.col("n_rows") > 0).then(pl.col("n_filled") / pl.col("n_cells")).when("holds_on").then(1.0)
    return pl.coalesce(covered * filled, pl.when(is_missed).then(0.0))


def _volume() -> pl.Expr:
    ratio = pl.when(pl.col("usual_amount") > 0).then(pl.col("amount") / pl.col("usual_amount"))
    return pl.when(ratio > 1).then(1 / ratio).otherwise(ratio)


def _volume_in_words() -> pl.Expr:
    usual = pl.coalesce(pl.col("usual_amount").round(1).cast(pl.String), pl.lit("not known"))
    return pl.format("{} {}; the median of earlier months is {}", "amount", "unit", usual)


_VALUES = {
    "completeness": _completeness(),
    "validity": _share(pl.col("n_cells") - pl.col("n_faulty_cells"), pl.col("n_cells")),
    "uniqueness": _share(pl.col("n_rows") - pl.col("n_repeated"), pl.col("n_rows")),
    "timeliness": _share(pl.col("n_on_time"), pl.col("n_kept")),
    "volume": _volume(),
}
_COUNTED = dict(zip(DIMENSIONS, ("n_cells", "n_cells", "n_rows", "n_kept", "amount"), strict=True))
_WORDS = {
    "validity": pl.format("{} of {} cells were repaired, emptied or quarantined", "n_faulty_cells", "n_cells"),
    "uniqueness": pl.format("{} of {} rows repeat another row or its key", "n_repeated", "n_rows"),
    "timeliness": pl.coalesce(
        pl.format("{} of {} kept rows are dated on the first of the month", "n_on_time", "n_kept"),
        pl.lit("the rows of this source have no day"),
    ),
    "volume": _volume_in_words(),
}


def _in_words(dimension: str, cases: str) -> pl.Expr:
    if dimension == "completeness":
        said = f"{{}} of {{}} {cases} due have a row; {{}} of {{}} cells are filled"
        return pl.format(said, "n_covered", "n_due", "n_filled", "n_cells")
    return _WORDS[dimension]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def row_balance_sql(table: str, source_columns: Sequence[str], *, is_keyed: bool = True) -> str:
    """The query for one silver table, giving the columns of `schemas.monitoring.RowBalance` per month of `as_of`.

    It reads the views `bronze`, `silver` and `quarantine` of that table and the table `as_of(snapshot_month)`.
    Duplicates are counted in the source: its rows less its distinct rows, file and line aside.

    Args:
        table: Name of the silver table.
        source_columns: The source's own columns, without the month, file and line the platform adds.
        is_keyed: Whether rows have a key. Of rows without one equal ones are no duplicates: each line is a row.
    """
    cells = ", ".join(_name(column) for column in (source_columns if is_keyed else ("source_file", "source_line")))
    return text_beside(__file__, "row_balance.sql").format(table=_literal(table), cells=cells)
