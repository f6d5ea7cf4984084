"""The feedback of one month: who says something, when, in which mood, cohort by cohort.

The sentences belong to `comments`, the dirt to `dirt`.
"""

import numpy as np
import polars as pl

from credit_platform.portfolios.churn.generator.comments import comments
from credit_platform.portfolios.churn.generator.lives import CustomerCohort, Plan, day_of
from credit_platform.portfolios.churn.generator.randomness import Purpose, stream

# How often people write who are neither satisfied nor dissatisfied, and how much oftener others do.
_CALM, _STIRRED = 0.6, 0.5
# A mood is satisfaction with noise, cut at these levels.
_NOISE = 0.5
_LEVELS = (-1.6, -0.7, 0.2, 1.1)


def draw_feedback(cohort: CustomerCohort, index: int, plan: Plan) -> pl.DataFrame:
    """The feedback of a cohort in a month, whoever delivers it.

    Columns: `customer_id`, `place` (the customer's), `day` as a number, `mood`.
    """
    rng = stream(plan.seed, Purpose.FEEDBACK, cohort=cohort.index, step=index)
    people, feeling = cohort.people, cohort.feeling(index).astype(np.float64)
    begin, end = cohort.present(index, plan)
    expected = people.talk * (_CALM + _STIRRED * np.abs(feeling)) * (end - begin) / 30.0
    author = np.repeat(np.arange(people.n), rng.poisson(expected))
    day = begin[author] + np.floor(rng.random(author.size) * (end - begin)[author]).astype(np.int64)
    said = feeling[author] + _NOISE * rng.standard_normal(author.size)
    return pl.DataFrame(
        {
            "customer_id": people.ids[author],
            "place": people.place[author],
            "day": day,
            "mood": np.searchsorted(_LEVELS, said),
        },
        schema={"customer_id": pl.String(), "place": pl.Float64(), "day": pl.Int64(), "mood": pl.Int64()},
    )


def comments_of(feedback: pl.DataFrame, index: int, plan: Plan) -> pl.DataFrame:
    """All feedback of a month in words: the columns of the file, clean, and `place`."""
    rows = feedback.sort("customer_id", "day", maintain_order=True)
    said = comments(rows["mood"].to_numpy(), stream(plan.seed, Purpose.COMMENTS, step=index))
    of_day = pl.int_range(1, pl.len() + 1).over("customer_id", "day")
    return rows.with_columns(feedback_date=day_of("day"), comment=pl.Series(said, dtype=pl.String)).with_columns(
        feedback_id=pl.format("F-{}-{}-{}", "customer_id", pl.col("feedback_date").dt.strftime("%y%m%d"), of_day)
    )
