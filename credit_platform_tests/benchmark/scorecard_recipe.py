"""Which trees a scorecard is given: the search that froze the recipe of decision 0032.

`python -m credit_platform_tests.benchmark.scorecard_recipe DATA_DIR` reads the built months of a book of loans.
Every recipe is fitted on three quarters of the customers of cohorts 2023-01 to 2024-02 and ranks the last quarter, each
quarter in turn and in four different divisions; of each loan it is measured with and without clickstream. Later cohorts
are read only with `--later`, once the recipe is written down: there the shipped recipe is compared with a card without
trees on the same loans.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

from credit_platform.assets.models.training import read_cohorts
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_range, parse_month
from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.model_spec import Parameter
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import Design, FitTask
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform.scoring.transformers.evidence import with_copies_without_history, without_history
from credit_platform.scoring.transformers.transformer import fit_transformer
from credit_platform.statistics.calibration import calibration_line, holm, jeffreys_p_value
from credit_platform.statistics.discrimination import delong_paired_interval, roc_auc

SPANS = (("later", "2024-03", "2024-06"), ("test", "2024-03", "2024-04"), ("out of time", "2024-05", "2024-05"))
N_QUARTERS, N_DIVISIONS = 4, 4
MODEL = "scorecard"
# The shipped recipe, then one change of it at a time.
SHIPPED: Mapping[str, Parameter] = {"trees": 2, "tree_leaves": 16, "min_leaf_share": 0.025}
RECIPES: tuple[Mapping[str, Parameter], ...] = (
    {"trees": 0},
    *({"trees": trees} for trees in (1, 2, 3)),
    *({"trees": trees, "tree_leaves": leaves} for trees in (1, 3) for leaves in (8, 12, 24)),
    *({"trees": trees, "min_leaf_share": share} for trees in (1, 3) for share in (0.015, 0.02, 0.03, 0.035)),
    *({"trees": trees, "pre_bins": bins} for trees in (1, 3) for bins in (10, 40)),
)


@dataclass(frozen=True)
class Ranked:
    """What one fit came to.

    Attributes:
        without: ROC-AUC of the loans left out, their clickstream removed.
        whole: The same with their clickstream.
        fall: What ROC-AUC loses from training to them, without clickstream.
        kept: Characteristics in use.
    """

    without: float
    whole: float
    fall: float
    kept: int


def labelled(lake: Lake, first: str, last: str, config: ModelConfig) -> pl.DataFrame:
    """Feature store rows of some cohorts with their label, by loan."""
    cohorts = month_range(parse_month(first), parse_month(last))
    return read_cohorts(lake, cohorts, config.label).sort("loan_id")


def divisions(loans: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Three quarters of the customers to fit on, and the last one; all loans of a customer are on one side."""
    customers = loans["customer_id"].unique().sort()
    for seed in range(N_DIVISIONS):
        quarter = np.random.default_rng(seed).permutation(len(customers)) % N_QUARTERS
        for out in range(N_QUARTERS):
            is_out = pl.col("customer_id").is_in(customers.filter(pl.Series(quarter == out)).implode())
            yield loans.filter(~is_out), loans.filter(is_out)


def ranked(train: pl.DataFrame, out: pl.DataFrame, config: ModelConfig, changed: Mapping[str, Parameter]) -> Ranked:
    """Fit the card of a recipe, without points and calibration, which leave the ranking as it is."""
    spec = config.models[MODEL]
    spec = spec.model_copy(update={"params": {**spec.params, **SHIPPED, **changed}})
    transformer = fit_transformer("weight_of_evidence", train, LOANS.features, spec.params)
    shown = with_copies_without_history(train, LOANS.features.evidence)
    design = Design(transformer.design_matrix(shown), shown["label"].to_numpy())
    features = tuple(transformer.design_features())
    card = ScorecardEstimator.fit(design, design, task=FitTask(MODEL, spec, config.random_seed, features))

    def auc(loans: pl.DataFrame) -> float:
        return roc_auc(loans["label"].to_numpy(), card.log_odds(transformer.design_matrix(loans))) or 0.0

    without = auc(without_history(out, CLICKSTREAM))
    fall = auc(without_history(train, CLICKSTREAM)) - without
    return Ranked(without, auc(out), fall, sum(one.dropped is None for one in card.characteristics))


def search(loans: pl.DataFrame, config: ModelConfig, console: Console) -> None:
    """Print what every recipe reaches on the loans left out, and how it differs from the card without trees."""
    table = Table("recipe", "without clickstream", "gain (sd)", "with", "gain", "fall from training", "kept", "s")
    reference: list[Ranked] = []
    for changed in RECIPES:
        began = perf_counter()
        found = [ranked(train, out, config, changed) for train, out in divisions(loans)]
        reference = reference or found
        gains = np.array([one.without - base.without for one, base in zip(found, reference, strict=True)])
        table.add_row(
            ", ".join(f"{name} {value}" for name, value in ({**SHIPPED, **changed}).items()),
            f"{np.mean([one.without for one in found]):.4f}",
            f"{gains.mean():+.4f} ({gains.std():.4f})",
            f"{np.mean([one.whole for one in found]):.4f}",
            f"{np.mean([one.whole - base.whole for one, base in zip(found, reference, strict=True)]):+.4f}",
            f"{np.mean([one.fall for one in found]):.4f}",
            f"{np.mean([one.kept for one in found]):.1f}",
            f"{(perf_counter() - began) / len(found):.1f}",
        )
    console.print(table)


def compare_later(lake: Lake, config: ModelConfig, console: Console) -> None:
    """Print the shipped card against one without trees on later cohorts, and how it is calibrated there."""
    train, validation = labelled(lake, "2023-01", "2023-12", config), labelled(lake, "2024-01", "2024-02", config)
    spec = config.models[MODEL]
    plain = spec.model_copy(update={"params": {**spec.params, "trees": 0}})
    cards: list[FittedVersion] = []
    for one in (spec, plain):
        began = perf_counter()
        chosen = config.model_copy(update={"models": {MODEL: one}})
        cards.append(fit_version(MODEL, train, validation, chosen, portfolio=LOANS))
        console.print(f"trees {one.params['trees']}: fitted in {perf_counter() - began:.1f} s")
    for name, first, last in SPANS:
        loans = labelled(lake, first, last, config)
        for kind, shown in (("without", without_history(loans, CLICKSTREAM)), ("with", loans)):
            label = loans["label"].cast(pl.Int8).to_numpy()
            new, old = (card.predict(shown) for card in cards)
            gain = (roc_auc(label, new) or 0.0) - (roc_auc(label, old) or 0.0)
            within = delong_paired_interval(label, new, old)
            line = calibration_line(label, new)
            console.print(
                f"{name} {kind} clickstream, n {len(label)}: {roc_auc(label, old):.4f} -> {roc_auc(label, new):.4f}, "
                f"gain {gain:+.4f} {within}, slope {line and line.slope}, worst grade {worst_grade(config, label, new)}"
            )


def worst_grade(config: ModelConfig, label: np.ndarray, probability: np.ndarray) -> str:
    """The grade of the least p-value after Holm's correction."""
    bounds = [grade.max_probability for grade in config.scoring.grades]
    place = np.searchsorted(bounds, probability)
    values: list[float | None] = []
    for at in range(len(bounds)):
        n, n_bad = float((place == at).sum()), float(label[place == at].sum())
        values.append(jeffreys_p_value(n_bad, n, float(probability[place == at].mean())) if n else None)
    corrected = [(value, config.scoring.grades[at].name) for at, value in enumerate(holm(values)) if value is not None]
    return "{1} p {0:.3f}".format(*min(corrected))


def main(arguments: list[str]) -> None:
    """Search, or with `--later` compare on later cohorts."""
    where, *options = arguments
    lake, config, console = Lake.at(Path(where), portfolio=LOANS), LOANS.load_policy().model, Console(width=160)
    if "--later" in options:
        compare_later(lake, config, console)
    else:
        search(labelled(lake, "2023-01", "2024-02", config), config, console)


if __name__ == "__main__":
    main(sys.argv[1:])
