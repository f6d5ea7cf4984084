"""The table in which every other model is held against the champion.

How a figure is computed and a decision is made belongs to scoring.
"""

import dataframely as dy
import polars as pl

DECISIONS = ("promote", "keep", "extend_observation", "reject")
BREAKDOWNS = ("all", "cohort", "swap_set", "approval_rate")
COMPARED = ("champion", "challenger", "difference", "loans")


class ChampionChallenger(dy.Schema):
    """One row per outcome month, challenger, breakdown, segment, metric and subject: both models on the same {words.cases}."""  # noqa: E501 - the first line is the description

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the comparison, first day")
    champion = dy.String(min_length=1, description="Model the other one is held against")
    challenger = dy.String(primary_key=True, min_length=1, description="Model held against the champion")
    decision = dy.String(
        check=lambda column: column.is_in(list(DECISIONS)),
        description="What the month's figures amount to, the same in all rows of a challenger",
    )
    reasons = dy.String(min_length=1, description="Why, one reason per line, the same in all rows of a challenger")
    breakdown = dy.String(
        primary_key=True,
        check=lambda column: column.is_in(list(BREAKDOWNS)),
        description="all {words.cases} compared, those of a cohort or a swap set, or decisions at an approval rate",
    )
    segment = dy.String(
        primary_key=True, min_length=1, description="all, the cohort's month, the swap set, or the approval rate"
    )
    metric = dy.String(primary_key=True, min_length=1, description="What is measured")
    subject = dy.String(
        primary_key=True,
        check=lambda column: column.is_in(list(COMPARED)),
        description="Whose figure: one model's, challenger minus champion, or a figure of the {words.cases} themselves",
    )
    value = dy.Float64(nullable=True, description="The figure; null where the {words.cases} do not define it")
    ci_low = dy.Float64(nullable=True, description="Lower end of the confidence interval; null where there is none")
    ci_high = dy.Float64(nullable=True, description="Upper end of the confidence interval; null where there is none")
    n = dy.Int64(min=0, description="{words.heading} measured")
    n_bad = dy.Int64(min=0, description="Bads among them")
    status = dy.String(
        check=lambda column: column.is_in(["ok", "insufficient", "unknown"]),
        description="ok; insufficient: too few {words.cases} to decide on; unknown: not defined",
    )

    @dy.rule()
    def interval_holds_the_value(cls) -> pl.Expr:
        """Both ends are given or neither, and the figure lies between them."""
        low, high, value = cls.ci_low.col, cls.ci_high.col, cls.value.col
        is_without = low.is_null() & high.is_null()
        return is_without | ((low <= value) & (value <= high)).fill_null(value=False)

    @dy.rule()
    def undefined_is_unknown(cls) -> pl.Expr:
        """A figure is unknown exactly when it is not defined."""
        return cls.value.col.is_null() == (cls.status.col == "unknown")

    @dy.rule()
    def bads_are_among_the_loans(cls) -> pl.Expr:
        """There are no more bads than {words.cases}."""
        return cls.n_bad.col <= cls.n.col

    @dy.rule()
    def nobody_challenges_itself(cls) -> pl.Expr:
        """Champion and challenger are two models."""
        return cls.champion.col != cls.challenger.col

    @dy.rule()
    def cohorts_precede_the_month(cls) -> pl.Expr:
        """Only {words.cases} {words.written} by then have an outcome to compare by."""
        cohort = cls.segment.col.str.to_date("%Y-%m-%d", strict=False)
        return (cls.breakdown.col != "cohort") | (cohort <= cls.snapshot_month.col).fill_null(value=False)

    @dy.rule()
    def a_month_has_one_decision(cls) -> pl.Expr:
        """All rows of a month and challenger tell the same decision for the same reasons."""
        told = pl.struct(cls.decision.col, cls.reasons.col)
        return told.n_unique().over("snapshot_month", "challenger") == 1
