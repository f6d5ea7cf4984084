"""The monitoring tables: figures of every model, the action drawn from them, their history, and the row balance.

How a figure is computed belongs to the monitoring package.
"""

from collections.abc import Callable

import dataframely as dy
import polars as pl

STATUSES = ("ok", "warn", "breach", "insufficient", "unknown")
ACTIONS = ("monitor", "active_monitoring", "retrain")
SAMPLE_ROLES = ("train", "validation", "test", "oot", "post", "outside")


def _one_of(*values: str) -> Callable[[pl.Expr], pl.Expr]:
    return lambda column: column.is_in(list(values))


def _quantile(share: str) -> dy.Float64:
    return dy.Float64(
        nullable=True, min=0, description=f"{share} of the requests took at most this; null beyond the last bucket"
    )


class Measures(dy.Schema):
    """One row per month, version, metric and segment."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month the figure is of, first day")
    cohort = dy.Date(resolution="1mo", description="Month of origination of the {words.cases} measured, first day")
    model = dy.String(min_length=1, description="Name of the model in the model configuration")
    model_version = dy.String(primary_key=True, min_length=1, description="Version whose predictions are measured")
    metric = dy.String(primary_key=True, min_length=1, description="What is measured")
    segment = dy.String(primary_key=True, min_length=1, description="all, or the group or feature measured")
    value = dy.Float64(nullable=True, description="The figure; null where the {words.cases} do not define it")
    ci_low = dy.Float64(nullable=True, description="Lower end of the confidence interval; null where there is none")
    ci_high = dy.Float64(nullable=True, description="Upper end of the confidence interval; null where there is none")
    n = dy.Int64(min=0, description="{words.heading} measured")
    n_bad = dy.Int64(nullable=True, min=0, description="Bads among them; null where outcomes are not yet known")
    sample_role = dy.String(
        check=_one_of(*SAMPLE_ROLES), description="What the cohort was to the version; only post is performance in use"
    )
    provenance = dy.String(
        check=_one_of("live", "backfill", "rollback"),
        description="live: scored by a version in effect then; backfill: in hindsight by one promoted later; "
        "rollback: in hindsight by an earlier one, after a rollback",
    )
    status = dy.String(
        check=_one_of(*STATUSES),
        description="Against policy: ok, warn, breach; insufficient: too few {words.cases}; unknown: not defined",
    )

    @dy.rule()
    def interval_holds_the_value(cls) -> pl.Expr:
        """Both ends are given or neither, and the figure lies between them."""
        low, high, value = pl.col("ci_low"), pl.col("ci_high"), pl.col("value")
        is_without = low.is_null() & high.is_null()
        return is_without | ((low <= value) & (value <= high)).fill_null(value=False)

    @dy.rule()
    def undefined_is_unknown(cls) -> pl.Expr:
        """A figure that is not defined is never ok."""
        return pl.col("value").is_not_null() | (pl.col("status") == "unknown")

    @dy.rule()
    def bads_are_among_the_loans(cls) -> pl.Expr:
        """There are no more bads than {words.cases}."""
        return pl.col("n_bad").is_null() | (pl.col("n_bad") <= pl.col("n"))


class OutcomeMeasures(Measures):
    """Figures of the cohort whose outcome is read in the month."""

    @dy.rule()
    def cohort_precedes_outcome(cls) -> pl.Expr:
        """No outcome is read before the {words.cases} were {words.written}."""
        return pl.col("cohort") <= pl.col("snapshot_month")


class Performance(OutcomeMeasures):
    """One row per outcome month, version, metric and segment: the cohort whose labels matured in the month."""


class FairLending(OutcomeMeasures):
    """One row per outcome month, version, metric and group of applicants; statistics, not a legal judgement."""


class Overrides(OutcomeMeasures):
    """One row per outcome month, version, metric and segment: decisions people took otherwise than the system.

    Without a file of decisions a month has one unknown override_rate per model.
    """


class Stability(Measures):
    """One row per scoring month, version, metric and segment: the {words.cases} {words.written} and scored in the month."""  # noqa: E501 - the first line is the description

    @dy.rule()
    def cohort_is_the_month(cls) -> pl.Expr:
        """Stability is known at once, so it is always of the newest cohort."""
        return pl.col("cohort") == pl.col("snapshot_month")


class Action(dy.Schema):
    """One row per outcome month of one model: what to do about its version, and why."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the decision, first day")
    cohort = dy.Date(resolution="1mo", description="Month of origination of the cohort that decided, first day")
    model = dy.String(min_length=1, description="Name of the model in the model configuration")
    model_version = dy.String(min_length=1, description="Version the action is about")
    action = dy.String(
        check=_one_of(*ACTIONS), description="What to do, strictest finding first, or as a person decided"
    )
    actionable = dy.Bool(description="False for a backtest: shown, nothing is started by it")
    state = dy.String(
        check=_one_of("healthy", "watch", "active_monitoring", "retrain_required", "retraining", "resolved"),
        description="State of the version; watch is a monitor month with something below its target, resolved a month "
        "about a version that was replaced after its retraining was asked for",
    )
    reasons = dy.String(min_length=1, description="One reason per line: the rule, the value and the threshold")
    rule_action = dy.String(check=_one_of(*ACTIONS), description="What the rules say, also where a person decided")
    transition = dy.String(min_length=1, description="State of the month before, state of the month, and why")
    rollback_within = dy.String(
        check=_one_of("at once", "2 hours", "1 day", "3 days", "none", "unknown"),
        description="How soon going back to an earlier version is advised, none where none would do better; "
        "never done by itself",
    )

    @dy.rule()
    def state_follows_the_action(cls) -> pl.Expr:
        """Every state but resolved belongs to one action."""
        expected = pl.col("state").replace_strict(
            {
                "healthy": "monitor",
                "watch": "monitor",
                "active_monitoring": "active_monitoring",
                "retrain_required": "retrain",
                "retraining": "retrain",
            },
            default=pl.col("action"),
        )
        return expected == pl.col("action")


class MonitoringHistory(dy.Schema):
    """One row per month, earlier month, model, version, layer, metric and segment: all that was known in the month."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month looked back from, first day")
    observed_month = dy.Date(primary_key=True, resolution="1mo", description="Month the figure is of, first day")
    cohort = dy.Date(resolution="1mo", description="Month of origination of the {words.cases} measured, first day")
    model = dy.String(primary_key=True, min_length=1, description="Name of the model in the model configuration")
    model_version = dy.String(primary_key=True, min_length=1, description="Version whose predictions are measured")
    layer = dy.String(
        primary_key=True,
        check=_one_of("performance", "stability", "estimate", "estimate_backtest", "early_reads"),
        description="Table the figure comes from",
    )
    metric = dy.String(primary_key=True, min_length=1, description="What is measured")
    segment = dy.String(primary_key=True, min_length=1, description="all, or the group or feature measured")
    value = dy.Float64(nullable=True, description="The figure; null where the {words.cases} do not define it")
    ci_low = dy.Float64(nullable=True, description="Lower end of the confidence interval; null where there is none")
    ci_high = dy.Float64(nullable=True, description="Upper end of the confidence interval; null where there is none")
    n = dy.Int64(min=0, description="{words.heading} measured")
    n_bad = dy.Int64(nullable=True, min=0, description="Bads among them; null where outcomes are not yet known")
    sample_role = dy.String(check=_one_of(*SAMPLE_ROLES), description="What the cohort was to the version")
    provenance = dy.String(
        check=_one_of("live", "backfill", "rollback"),
        description="live: scored by a version in effect then; backfill: in hindsight by one promoted later; "
        "rollback: in hindsight by an earlier one, after a rollback",
    )
    status = dy.String(check=_one_of(*STATUSES), description="Against the policy of the month it was measured in")
    expected = dy.Float64(
        nullable=True,
        description="What the figure is held against: earlier cohorts (early_reads), the estimate (estimate_backtest); "
        "null in other layers and where there is nothing to hold it against",
    )
    previous_value = dy.Float64(nullable=True, description="The figure one month earlier; null where there is none")
    change = dy.Float64(nullable=True, description="value minus previous_value; null where either is")

    @dy.rule()
    def nothing_is_known_before_its_month(cls) -> pl.Expr:
        """A month's history ends with the month itself."""
        return pl.col("observed_month") <= pl.col("snapshot_month")


class RowBalance(dy.Schema):
    """One row per month and silver table: where the source's rows went."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the source's rows, first day")
    table = dy.String(primary_key=True, min_length=1, description="Silver table")
    rows_in = dy.Int64(min=0, description="Rows of the source")
    rows_out = dy.Int64(min=0, description="Rows of the silver table")
    quarantined = dy.Int64(min=0, description="Rows set aside with a reason")
    duplicates_dropped = dy.Int64(min=0, description="Exact repetitions of another row, counted in the source itself")
    rows_repaired = dy.Int64(min=0, description="Rows of the silver table with at least one repair")

    @dy.rule()
    def rows_in_equal_rows_out_plus_quarantined_plus_duplicates(cls) -> pl.Expr:
        """No row is lost and none appears from nowhere."""
        return pl.col("rows_in") == pl.col("rows_out") + pl.col("quarantined") + pl.col("duplicates_dropped")

    @dy.rule()
    def repaired_rows_are_rows_out(cls) -> pl.Expr:
        """Only a row that is kept can have been repaired."""
        return pl.col("rows_repaired") <= pl.col("rows_out")


class ServiceMonth(dy.Schema):
    """One row per calendar month, endpoint and size of request: how the service answered.

    A month without service has no rows.
    """

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the requests (UTC), first day")
    endpoint = dy.String(primary_key=True, min_length=1, description="Path of the endpoint; other for any other path")
    size = dy.String(
        primary_key=True,
        check=_one_of("none", "single", "several"),
        description="Records of a request: none, a single one, or several",
    )
    n = dy.Int64(min=0, description="Requests that were answered")
    n_broken_off = dy.Int64(min=0, description="Requests that ended without an answer, as a rule by the client")
    n_failed = dy.Int64(min=0, description="Requests answered with 5xx")
    n_records = dy.Int64(min=0, description="Records in all requests")
    failed_share = dy.Float64(nullable=True, min=0, max=1, description="n_failed of n; null without an answer")
    ci_low = dy.Float64(nullable=True, description="Lower end of its confidence interval (Wilson)")
    ci_high = dy.Float64(nullable=True, description="Upper end of its confidence interval (Wilson)")
    p50_milliseconds = _quantile("Half")
    p95_milliseconds = _quantile("95 %")
    p99_milliseconds = _quantile("99 %")
    status = dy.String(
        check=_one_of(*STATUSES),
        description="Against service in monitoring_thresholds.yaml; insufficient: too few requests; unknown: no answer",
    )

    @dy.rule()
    def failures_are_among_the_answers(cls) -> pl.Expr:
        """There are no more failures than answers."""
        return pl.col("n_failed") <= pl.col("n")

    @dy.rule()
    def quantiles_rise(cls) -> pl.Expr:
        """A larger share of the requests never takes less time."""
        p50, p95, p99 = (pl.col(f"p{share}_milliseconds") for share in (50, 95, 99))
        return (p50 <= p95).fill_null(value=True) & (p95 <= p99).fill_null(value=True)
