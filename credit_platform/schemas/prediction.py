"""The prediction tables, one per model, and the tables of decisions, all of one shape.

Outcomes and metrics belong to the monitoring tables.
"""

from functools import cache
from itertools import pairwise

import dataframely as dy
import polars as pl

_TOLERANCE = 1e-9
_REASONS = ("reason_1", "reason_2", "reason_3", "reason_4")


def _reason(place: str) -> dy.String:
    return dy.String(
        nullable=True, min_length=1, description=f"Code of the reason {place} (reason_codes.yaml); empty without one"
    )


class PredictionColumns(dy.Schema):
    """What every prediction table holds besides month, case and customer."""

    model = dy.String(min_length=1, description="Name of the model in the model configuration")
    model_version = dy.String(min_length=1, description="Version that scored, as named in the model store")
    raw_probability = dy.Float64(min=0, max=1, description="Default probability before calibration, 0..1")
    default_probability = dy.Float64(min=0, max=1, description="Calibrated probability of default at maturity, 0..1")
    score = dy.Int32(description="Scorecard points, more is better")
    grade = dy.String(min_length=1, description="Risk grade on the master scale, R1 the best")
    decision = dy.String(
        check=lambda column: column.is_in(["approve", "decline"]),
        description="decline at or above the cut-off, approve below",
    )
    provenance = dy.String(
        check=lambda column: column.is_in(["live", "backfill", "rollback"]),
        description="live: scored by a version in effect then; backfill: in hindsight by one promoted later; "
        "rollback: in hindsight by an earlier one, after a rollback",
    )
    sample_role = dy.String(
        check=lambda column: column.is_in(["train", "validation", "test", "oot", "post", "outside"]),
        description="What the {words.case}'s cohort was to the version; only post and outside were never seen by it",
    )
    sources_present = dy.String(
        nullable=False, description="Sources with data for the {words.case}, sorted and joined by +, empty when none"
    )

    reason_1 = _reason("that raised the default probability most")
    reason_2 = _reason("second to reason_1")
    reason_3 = _reason("third")
    reason_4 = _reason("fourth")

    @dy.rule()
    def reasons_are_filled_from_the_left(cls) -> pl.Expr:
        """{words.one_begins} with fewer than four reasons has the last columns empty."""
        return pl.all_horizontal(
            later.is_null() | earlier.is_not_null() for earlier, later in pairwise(map(pl.col, _REASONS))
        )

    @dy.rule()
    def no_reason_is_given_twice(cls) -> pl.Expr:
        """The codes of {words.one} differ."""
        given = pl.concat_list(_REASONS).list.drop_nulls()
        return given.list.n_unique() == given.list.len()

    @dy.rule()
    def ranking_survives_calibration(cls) -> pl.Expr:
        """Within a version a higher raw probability never means a lower default probability."""
        by_raw = pl.col("default_probability").sort_by("raw_probability", "default_probability")
        return (by_raw.diff().fill_null(0.0) >= -_TOLERANCE).all().over("model_version")


@cache
def prediction_schema(case_key: str, customer_key: str, case: str) -> type[dy.Schema]:
    """The schema class of a book's prediction tables: month, case and customer, then `PredictionColumns`."""
    grain = f"One row per {case} and month of application, scored by the version in force in that month."
    return _schema("Prediction", grain, case_key, customer_key, case)


@cache
def decision_schema(case_key: str, customer_key: str, case: str) -> type[dy.Schema]:
    """The schema class of a book's decisions: the columns of its prediction tables."""
    grain = (
        f"One row per {case} and month of application, decided by the champion of the month: its row of the champion's "
        "prediction table. Which model is champion is policy."
    )
    return _schema("BatchDecision", grain, case_key, customer_key, case)


@cache
def online_decision_schema(case_key: str, customer_key: str, case: str) -> type[dy.Schema]:
    """The schema class of what a book's service decided: the columns of its prediction tables and two of its own."""
    grain = (
        f"One row per {case} and month of application that was decided outside the pipeline, over HTTP: the last "
        "decision in the log of decisions taken online."
    )
    own = {
        customer_key: dy.String(
            nullable=True, min_length=1, description=f"Customer who applied; null until the {case} is in the book"
        ),
        "provenance": dy.String(
            check=lambda column: column.is_in(["api", "file"]),
            description="api: decided by the service over HTTP; file: decided from a file",
        ),
        "decision_id": dy.String(min_length=1, description="Id of the decision: credit-platform decision ID"),
        "n_decisions": dy.Int64(min=1, description=f"How often the {case} was decided; the row is the last time"),
    }
    return _schema("OnlineDecision", grain, case_key, customer_key, case, **own)


def _schema(name: str, grain: str, case_key: str, customer_key: str, case: str, **own: object) -> type[dy.Schema]:
    columns: dict[str, object] = {
        "__doc__": grain,
        "__module__": __name__,
        "snapshot_month": dy.Date(primary_key=True, resolution="1mo", description="Month of application, first day"),
        case_key: dy.String(primary_key=True, min_length=1, description=case.capitalize()),
        customer_key: dy.String(min_length=1, description="Customer who applied"),
        **{name: column for name, column in vars(PredictionColumns).items() if not name.startswith("__")},
        **own,
    }
    made: type[dy.Schema] = type(dy.Schema)(name, (dy.Schema,), columns)  # pyrefly: ignore[bad-assignment]
    return made
