"""The tables that show whether data can be trusted: the quality score of every source, the calendar of cohorts.

How a score or a state is found belongs to monitoring and lending.
"""

from functools import cache

import dataframely as dy
import polars as pl

DIMENSIONS = ("completeness", "validity", "uniqueness", "timeliness", "volume")
TOTAL = "total"
COHORT_STATES = ("open", "maturing", "mature")
REASONS_WITHOUT_LABEL = {
    "quarantined": "its row of that month, or its last one, was set aside",
    "no_usable_row": "that month has no usable row of any case",
    "indeterminate": "its row of that month tells no outcome",
    "first_seen_after_horizon": "the book shows it only later",
    "not_delivered": "its source has not told the outcome yet",
}
DEVELOPMENT_ROLES = ("train", "validation", "test", "oot")


class DataQuality(dy.Schema):
    """One row per month, source and dimension of quality: a score from 0 to 1 and what it was counted on."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the source's rows, first day")
    source = dy.String(primary_key=True, min_length=1, description="Name of the source")
    dimension = dy.String(
        primary_key=True,
        check=lambda column: column.is_in([*DIMENSIONS, TOTAL]),
        description="completeness, validity, uniqueness, timeliness, volume; total is their geometric mean",
    )
    value = dy.Float64(
        nullable=True, min=0, max=1, description="The score, 1 is without fault; null where nothing can be counted"
    )
    n = dy.Int64(min=0, description="What the score was counted on: cells, rows, or for total dimensions; count")
    detail = dy.String(min_length=1, description="The score in words, with its numbers")


class CohortCalendar(dy.Schema):
    """One row per month and cohort written by then: how far the cohort is on its way to an outcome."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month the calendar is as of, first day")
    cohort = dy.Date(primary_key=True, resolution="1mo", description="Month of origination, first day")
    score_month = dy.Date(
        resolution="1mo", description="Month in which the {words.cases} are scored, at MOB 0, first day"
    )
    maturity_month = dy.Date(resolution="1mo", description="Month in which the labels mature, first day")
    state = dy.String(
        check=lambda column: column.is_in(list(COHORT_STATES)),
        description="open: written in the month; maturing: no outcome yet; mature: outcome known",
    )
    sample_role = dy.String(
        check=lambda column: column.is_in([*DEVELOPMENT_ROLES, "post", "none"]),
        description="Sample of a training as of the month: train, validation, test, oot; post if later, else none",
    )
    n_loans = dy.Int64(
        nullable=True,
        min=0,
        description="{words.heading} {words.written}, count; null when the cohort's month is not built",
    )
    n_labelled = dy.Int64(
        nullable=True,
        min=0,
        description="{words.heading} with a label, count; null before maturity or when it is not built",
    )
    attrition = dy.Float64(
        nullable=True,
        min=0,
        max=1,
        description="{words.heading} {words.written} that have no label at maturity, share 0..1",
    )

    @dy.rule()
    def cohort_was_written_by_then(cls) -> pl.Expr:
        """The calendar of a month knows no later cohort."""
        return cls.cohort.col <= cls.snapshot_month.col

    @dy.rule()
    def maturity_follows_origination(cls) -> pl.Expr:
        """{words.one_begins} is scored when it is {words.written}; its outcome is known then or later."""
        return (cls.score_month.col == cls.cohort.col) & (cls.maturity_month.col >= cls.cohort.col)

    @dy.rule()
    def state_follows_the_months(cls) -> pl.Expr:
        """A cohort is mature from its maturity month on and open in its own month."""
        is_mature = cls.maturity_month.col <= cls.snapshot_month.col
        is_open = cls.cohort.col == cls.snapshot_month.col
        return ((cls.state.col == "mature") == is_mature) & ((cls.state.col == "open") == (is_open & ~is_mature))

    @dy.rule()
    def only_mature_cohorts_are_developed_on(cls) -> pl.Expr:
        """A cohort without outcomes is in no sample of a training."""
        return (cls.state.col == "mature") | ~cls.sample_role.col.is_in(list(DEVELOPMENT_ROLES))

    @dy.rule()
    def labels_are_of_mature_cohorts(cls) -> pl.Expr:
        """No label is known before maturity."""
        return (cls.state.col == "mature") | (cls.n_labelled.col.is_null() & cls.attrition.col.is_null())


@cache
def unlabelled_schema(key: str, noun: str) -> type[dy.Schema]:
    """Rows of gold/unlabelled of a book whose cases have this key and are called so."""
    columns = {
        "__doc__": f"One row per {noun} of a mature cohort that has no label, with the reason.",
        key: dy.String(primary_key=True, min_length=1, description=f"Identifier of the {noun}"),
        "cohort": dy.Date(primary_key=True, resolution="1mo", description="Month of origination, first day"),
        "snapshot_month": dy.Date(
            primary_key=True,
            resolution="1mo",
            description="Month in which it should have had a label, or in which it was first seen later; first day",
        ),
        "reason": dy.String(
            min_length=1,
            description="Why it has none. "
            + "; ".join(f"{reason}: {said}" for reason, said in REASONS_WITHOUT_LABEL.items())
            + "; another one: of the book's own, by the last row of a case that left",
        ),
    }
    made: type[dy.Schema] = type(dy.Schema)("Unlabelled", (dy.Schema,), columns)  # pyrefly: ignore[bad-assignment]
    return made
