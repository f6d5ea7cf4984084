"""The asset in which every other model is held against the champion, with its page.

Measuring and deciding is written in `scoring`, the page in `reports`. It changes nothing: which model is the champion
is said by policy, by month.
"""

from base64 import b64encode
from datetime import date
from functools import partial

import dagster as dg
import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.assets.models.judgement import newest_mix
from credit_platform.assets.models.training import label_months
from credit_platform.lake.files import one_at_a_time, write_text
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.performance.champion_challenger import SCHEMA, champion_challenger_frame
from credit_platform.months import add_months, month_key, month_range, months_of
from credit_platform.partitions import MonthlyAxis, months_before
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.reports.champion_challenger.figures import difference_by_cohort_svg
from credit_platform.reports.champion_challenger.page import champion_challenger_page
from credit_platform.reports.documents.document import markdown_list
from credit_platform.reports.shown_book import ShownBook
from credit_platform.scoring.champion_challenger.comparison import PAIRED_SCHEMA, common_loans, compare_models
from credit_platform.scoring.champion_challenger.decision import decide_challenger
from credit_platform.scoring.champion_challenger.newest_sources import TakenSources, scored_as_newest

TABLE = "monitoring/champion_challenger"
_FEATURES = "gold/feature_store"
PAGE = "champion_challenger.html"
_PREDICTED = ("snapshot_month", "default_probability", "sample_role")
_PLOTTED = ("roc_auc", "ks", "brier")


def champion_challenger_assets(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """The comparison of the configured models."""
    config = policy.model
    lag, back = config.label.lag_months, config.champion_challenger.months - 1
    challengers = [model for model in config.models if (model,) != config.champions]

    @dg.asset(
        **table_spec(portfolio, TABLE, axis.outcome_months),
        deps=[
            *(
                dg.AssetDep(asset_key(f"prediction/{model}"), partition_mapping=months_before(lag + back, until=lag))
                for model in config.models
            ),
            dg.AssetDep(asset_key("gold/label_store"), partition_mapping=months_before(back)),
            dg.AssetDep(asset_key(_FEATURES), partition_mapping=months_before(lag + back)),
            *(dg.AssetDep(asset_key(f"monitoring/{model}/action")) for model in challengers),
        ],
    )
    def challengers_against_the_champion(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]
    ) -> pl.DataFrame:
        months, in_force = months_of(context.partition_keys), _InForce(lake, config)
        compared = [pl.DataFrame(schema=SCHEMA)]
        for month in months:
            champion = config.champion_in(month)
            for challenger in (model for model in config.models if model != champion):
                loans, taken = in_force.compared(champion, challenger, month)
                measured = compare_models(
                    loans,
                    champion=champion,
                    challenger=challenger,
                    config=config,
                    versions=(in_force.version(champion, month), in_force.version(challenger, month)),
                    cut_off=in_force.cut_off(champion, month),
                    taken=taken,
                )
                state = _state(lake, challenger, month)
                compared.append(
                    champion_challenger_frame(
                        measured,
                        decide_challenger(measured, config=config, cases=portfolio.words.cases, challenger_state=state),
                        snapshot_month=month,
                        config=config,
                        min_bads=policy.monitoring.min_bads,
                    )
                )
        table = pl.concat(compared)
        _show(context, lake, table, months, config)
        return table

    return [challengers_against_the_champion]


class _InForce:
    """What the versions in force in a month say of cohorts that earlier versions may have scored; each once per run."""

    def __init__(self, lake: Lake, config: ModelConfig) -> None:
        self._lake, self._config = lake, config
        self._records = PromotionLog(lake.layout).records()
        self._scored: dict[tuple[str, str, date], pl.DataFrame] = {}

    def version(self, model: str, month: date) -> str | None:
        """The version in force in a month; before the first, the one that scores it in hindsight."""
        is_any = any(record.model == model and record.promoted for record in self._records)
        return version_in_force(self._records, model, month)[0] if is_any else None

    def cut_off(self, model: str, month: date) -> float | None:
        """The default probability from which that version declines; None where there is none."""
        name, config = self.version(model, month), self._config
        if config.scoring.cut_off is not None or name is None:
            return config.scoring.cut_off
        return self._lake.versions.read(model, name).fitted(config).cut_off(config)

    def compared(self, champion: str, challenger: str, month: date) -> tuple[pl.DataFrame, TakenSources | None]:
        """Loans of the cohorts looked back on that both models scored; a model may be younger than the other.

        Where the cohorts after them have less of a source, they are scored without it, and that is said beside them.
        """
        lake, config = self._lake, self._config
        lag, key = config.label.lag_months, lake.layout.portfolio.cases.key
        newest, models = add_months(month, -lag), (champion, challenger)
        versions = [(model, name) for model in models if (name := self.version(model, month)) is not None]
        cohorts = [
            cohort
            for cohort in month_range(add_months(newest, 1 - config.champion_challenger.months), newest)
            if all(lake.has(f"prediction/{model}", cohort) for model in models)
        ]
        if not cohorts or len(versions) < len(models):
            return pl.DataFrame(schema=PAIRED_SCHEMA), None
        first, second = (pl.concat([self._scores(*version, cohort) for cohort in cohorts]) for version in versions)
        labels = lake.scan("gold/label_store", label_months(cohorts, config.label)).collect()
        return scored_as_newest(
            common_loans(first, second, labels, as_of=month, mob=lag, case_key=key),
            lake.scan(_FEATURES, cohorts),
            newest_mix(lake, newest, month),
            [partial(self._predict, *version) for version in versions],
            portfolio=lake.layout.portfolio,
            seed=config.random_seed,
        )

    def _scores(self, model: str, name: str, cohort: date) -> pl.DataFrame:
        if (model, name, cohort) not in self._scored:
            self._scored[model, name, cohort] = self._score(model, name, cohort)
        return self._scored[model, name, cohort]

    def _score(self, model: str, name: str, cohort: date) -> pl.DataFrame:
        key = self._lake.layout.portfolio.cases.key
        stored = self._lake.scan(f"prediction/{model}", [cohort]).select(key, "model_version", *_PREDICTED).collect()
        if stored["model_version"].eq(name).all():
            return stored.drop("model_version")
        role = self._lake.versions.read(model, name).windows.role_of(cohort)
        if role != "post":
            return stored.drop("model_version").clear()
        features = self._lake.scan(_FEATURES, [cohort]).collect()
        scored = features.select(key, "snapshot_month", sample_role=pl.lit(role)).with_columns(
            default_probability=pl.Series(self._predict(model, name, features), dtype=pl.Float64)
        )
        return scored.select(key, *_PREDICTED)

    def _predict(self, model: str, name: str, features: pl.DataFrame) -> NDArray[np.float64]:
        return self._lake.versions.read(model, name).fitted(self._config).predict(features)


def _state(lake: Lake, model: str, month: date) -> str | None:
    """What monitoring says of a model in the month; None for a backtest, which says nothing of its use."""
    action = lake.scan(f"monitoring/{model}/action", [month]).filter("actionable").select("state").collect()
    return None if action.is_empty() else str(action.item(0, "state"))


def _show(
    context: dg.AssetExecutionContext, lake: Lake, table: pl.DataFrame, months: list[date], config: ModelConfig
) -> None:
    """Write the page as of the newest month there is, and tell each month of the run its decisions and numbers."""
    file = lake.layout.report(PAGE)
    with one_at_a_time(file):
        # Stored before the page is drawn, and by turns: a run of other months that draws it later shows these as well.
        lake.write(TABLE, table, months)
        stored = lake.scan(TABLE, lake.months(TABLE)).collect()
        write_text(
            file, champion_challenger_page(stored, config=config, book=ShownBook.of(lake.layout.portfolio, config))
        )
    for month in months:
        rows = table.filter(pl.col("snapshot_month") == month)
        values: dict[str, dg.MetadataValue] = {"page": dg.MetadataValue.path(str(file))}
        for challenger in rows["challenger"].unique().sort():
            values |= _told(rows.filter(challenger=challenger), challenger, lake.layout.portfolio.words.cases)
        context.add_asset_metadata(values, partition_key=month_key(month))


def _told(rows: pl.DataFrame, challenger: str, cases: str) -> dict[str, dg.MetadataValue]:
    first = rows.row(0, named=True)
    differences = rows.filter(pl.col("metric").is_in(_PLOTTED), breakdown="all", subject="difference")
    values: dict[str, dg.MetadataValue] = {
        f"{challenger}_{metric}_difference": dg.MetadataValue.float(round(float(value), 6))
        for metric, value in differences.select("metric", "value").iter_rows()
        if value is not None
    }
    picture = b64encode(difference_by_cohort_svg(rows).encode()).decode()
    return values | {
        f"{challenger}_decision": dg.MetadataValue.text(first["decision"]),
        f"{challenger}_reasons": dg.MetadataValue.md(markdown_list(first["reasons"].split("\n"))),
        f"{challenger}_cohorts": dg.MetadataValue.int(rows.filter(breakdown="cohort")["segment"].n_unique()),
        f"{challenger}_{cases}": dg.MetadataValue.int(int(differences["n"].max() or 0)),  # pyrefly: ignore
        f"{challenger}_difference_by_cohort": dg.MetadataValue.md(
            f"![ROC-AUC by cohort, {challenger} minus {first['champion']}](data:image/svg+xml;base64,{picture})"
        ),
    }
