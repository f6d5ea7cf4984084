"""Everything the monitoring dashboard and the charts are drawn from, as known in one month.

Plain frames; reading them is wiring. A table that is not there yet comes as a frame without rows, and the page says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from credit_platform.months import add_months
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.reports.shown_book import ShownBook
from credit_platform.reports.wording import model_name

# One row per decision about a version, in the order in which they were written down. `stands` says of a promotion that
# nobody took it back, `oot_roc_auc` is as the newest cohorts have sources, `oot_with_all_sources` null where it is the
# same, `page` is the address of the version's page as seen from the dashboard.
VERSIONS_SCHEMA = {
    "model": pl.String,
    "model_version": pl.String,
    "as_of": pl.Date,
    "effective_month": pl.Date,
    "promoted": pl.Boolean,
    "is_rollback": pl.Boolean,
    "is_interim": pl.Boolean,
    "stands": pl.Boolean,
    "actor": pl.String,
    "reasons": pl.String,
    "oot_roc_auc": pl.Float64,
    "oot_with_all_sources": pl.Float64,
    "page": pl.String,
}
# What the availability gate said of each source when the version was trained that decides after the month.
SOURCES_SCHEMA = dict.fromkeys(("model", "model_version", "source", "status", "reason"), pl.String)

# One row per month and version that decided: cases, the share declined, and how many of them people decided otherwise.
DECIDED_SCHEMA = {
    "snapshot_month": pl.Date,
    "model": pl.String,
    "model_version": pl.String,
    "n": pl.Int64,
    "declined": pl.Float64,
    "n_overridden": pl.Int64,
}


@dataclass(frozen=True)
class Overview:
    """What was known in `snapshot_month`; nothing later is shown, whatever the frames hold.

    `history` to `roll_rates` are rows of the schemas of these names; `history`, `backtest`, `early_reads`,
    `fair_lending`, `champion_challenger` and `vintages` of the month, the others of all months. `versions` has
    `VERSIONS_SCHEMA`, `sources` has `SOURCES_SCHEMA`, `decided` has `DECIDED_SCHEMA`. `aliases` are the names that
    reports give the models, in the order in which models are shown. `month_pages` are the months that have a page, and
    `links` further documents, with addresses as seen from the dashboard. `absent` are the tables that a book of this
    kind does not have; their sections are left out. `book` is what pages must know of it.
    """

    snapshot_month: date
    aliases: Mapping[str, str]
    history: pl.DataFrame
    actions: pl.DataFrame
    versions: pl.DataFrame
    backtest: pl.DataFrame
    early_reads: pl.DataFrame
    fair_lending: pl.DataFrame
    champion_challenger: pl.DataFrame
    vintages: pl.DataFrame
    roll_rates: pl.DataFrame
    thresholds: MonitoringThresholds
    book: ShownBook
    month_pages: Mapping[date, str]
    links: Mapping[str, str]
    absent: frozenset[str] = frozenset()
    sources: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SOURCES_SCHEMA))
    decided: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=DECIDED_SCHEMA))

    @property
    def known(self) -> pl.DataFrame:
        """The history as of the month; months whose outcome was never delivered have no performance in it."""
        is_known = (pl.col("snapshot_month") == self.snapshot_month) & (pl.col("observed_month") <= self.snapshot_month)
        known = self.history.filter(is_known)
        return with_outcomes(known) if self.book.awaits_outcomes else known

    @property
    def past_actions(self) -> pl.DataFrame:
        """Actions up to the month."""
        return self.actions.filter(pl.col("snapshot_month") <= self.snapshot_month).sort("snapshot_month", "model")

    @property
    def past_decisions(self) -> pl.DataFrame:
        """Decisions up to the month."""
        return self.decided.filter(pl.col("snapshot_month") <= self.snapshot_month)

    @property
    def known_versions(self) -> pl.DataFrame:
        """Decisions taken by the month (promotions take effect in the next), and a later one that scored a backtest."""
        is_taken = pl.col("as_of") <= self.snapshot_month
        is_near = pl.col("effective_month") <= add_months(self.snapshot_month, 1)
        seen = self.known.select("model", "model_version").unique()
        backtested = self.versions.filter(~(is_taken & is_near)).join(seen, on=["model", "model_version"], how="semi")
        return pl.concat([self.versions.filter(is_taken & is_near), backtested])

    @property
    def models(self) -> list[str]:
        """The models anything is known of, in the order of the aliases."""
        frames = (self.known, self.past_actions, self.known_versions)
        found = {name for frame in frames for name in frame["model"].to_list()}
        return [*(model for model in self.aliases if model in found), *sorted(found - set(self.aliases))]

    @property
    def names(self) -> dict[str, str]:
        """Titles of the models by name, `Model 2: Gradient boosting`."""
        return {model: model_title(model, self.aliases.get(model)) for model in self.models}

    @property
    def short_names(self) -> dict[str, str]:
        """The names reports give the models, `Model 2`, for tables."""
        return {model: model_name(self.aliases.get(model, model)) for model in self.models}

    @property
    def hidden_estimates(self) -> set[tuple[str, str]]:
        """Model and metric of the estimates that were too far from the outcome to be shown."""
        return set(self.backtest.filter(~pl.col("may_be_shown")).select("model", "metric").rows())


def with_outcomes(rows: pl.DataFrame) -> pl.DataFrame:
    """Figures without the performance of cohorts of which no case has an outcome yet: that is no point of a trend.

    Args:
        rows: Rows of performance, or of all layers with their `layer`.
    """
    by = [name for name in ("layer", "model", "cohort") if name in rows.columns]
    of_performance = pl.col("layer") == "performance" if "layer" in by else pl.lit(value=True)
    silent = rows.filter(of_performance, metric="roc_auc", segment="all", n=0).select(by).unique()
    return rows.join(silent, on=by, how="anti", maintain_order="left")


def model_title(model: str, alias: str | None) -> str:
    """A model as people write it, with the name reports give it.

    >>> model_title("gradient_boosting", "model_2"), model_title("scorecard", "scorecard")
    ('Model 2: Gradient boosting', 'Scorecard')
    """
    if alias is None or alias == model:
        return model_name(model)
    return f"{model_name(alias)}: {model_name(model)}"
