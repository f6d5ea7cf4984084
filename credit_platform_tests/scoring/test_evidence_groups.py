"""Books of none, one and two evidence groups, with another case key than a loan's, through all of scoring."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import polars as pl
import pytest

from credit_platform.errors import ModelStoreError, TrainingError
from credit_platform.portfolios.feature_set import COMBINATIONS, EvidenceGroup
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.scoring.estimators.tree_ensemble import TreeEnsemble
from credit_platform.scoring.explanation.explanation import explain_prediction
from credit_platform.scoring.explanation.reasons import reasons_of
from credit_platform.scoring.grades import score_points
from credit_platform.scoring.predictions import score_loans
from credit_platform.scoring.training.version import FittedVersion, fit_version, load_version
from credit_platform.scoring.transformers.evidence import with_copies_without_history, without_history
from credit_platform.scoring.transformers.transformer import model_columns, reference_numbers
from credit_platform.statistics.discrimination import roc_auc
from credit_platform.statistics.reference import Reference
from credit_platform_tests.scoring.made_up_book import (
    ALGORITHMS,
    CALLS,
    VISITS,
    book_of,
    config_for,
    make_accounts,
    reasons_for,
)
from credit_platform_tests.scoring.scorecard.points_expression import points_expression

Groups = tuple[EvidenceGroup, ...]
GROUPS: tuple[Groups, ...] = ((), (CALLS,), (VISITS, CALLS))


@dataclass(frozen=True, eq=False)
class Fitted:
    """A version with the book it is of."""

    portfolio: Portfolio
    version: FittedVersion

    @property
    def groups(self) -> Groups:
        return self.portfolio.features.evidence

    def predictions(self, frame: pl.DataFrame) -> pl.DataFrame:
        return score_loans(
            self.version,
            frame,
            model_version="2023-12-01-0123",
            role="post",
            provenance="live",
            config=config_for(self.portfolio),
            reasons=reasons_for(self.portfolio),
        )


def fit(algorithm: str, groups: Groups) -> Fitted:
    portfolio = book_of(*groups)
    train, validation = make_accounts(1200, seed=1), make_accounts(500, seed=2)
    return Fitted(portfolio, fit_version(algorithm, train, validation, config_for(portfolio), portfolio=portfolio))


@pytest.fixture(
    scope="module",
    params=[(algorithm, groups) for algorithm in ALGORITHMS for groups in GROUPS],
    ids=lambda param: f"{param[0]}-{len(param[1])}",
)
def fitted(request: pytest.FixtureRequest) -> Fitted:
    return fit(*request.param)


@pytest.fixture(scope="module")
def accounts() -> pl.DataFrame:
    return make_accounts(800, seed=3)


def test_every_group_is_one_feature_of_the_design(fitted: Fitted) -> None:
    named = set(fitted.version.transformer.design_features())
    assert named - set(COMBINATIONS) == set(fitted.portfolio.features.explained) - set(COMBINATIONS)
    assert fitted.version.features == model_columns(fitted.portfolio.features)
    assert {group.months for group in fitted.groups} <= set(fitted.version.features)


def test_the_files_name_the_groups_and_give_the_version_back(fitted: Fitted, accounts: pl.DataFrame) -> None:
    files = fitted.version.artifacts()
    content = json.loads(files["preprocessing.json"])
    assert {name for name in content if name.endswith("_evidence")} == {group.feature for group in fitted.groups}
    restored = load_version(fitted.version.model, files, portfolio=fitted.portfolio)
    assert restored.artifacts() == files
    assert np.array_equal(restored.predict(accounts), fitted.version.predict(accounts))


def test_each_group_more_ranks_better_and_losing_one_leaves_a_probability(accounts: pl.DataFrame) -> None:
    label = accounts["label"].to_numpy()
    for algorithm in ("scorecard", "logistic_regression", "gradient_boosting"):
        versions = [fit(algorithm, groups).version for groups in GROUPS]
        aucs = [roc_auc(label, version.predict(accounts)) or 0.0 for version in versions]
        assert aucs == sorted(aucs)
        assert aucs[-1] > aucs[0] + 0.1
        for group in (VISITS, CALLS):
            without = versions[-1].predict(without_history(accounts, group))
            assert 0.6 < (roc_auc(label, without) or 0.0) < aucs[-1]
            assert without.mean() == pytest.approx(label.mean(), abs=0.06)


def test_predictions_carry_the_key_of_the_book(fitted: Fitted, accounts: pl.DataFrame) -> None:
    table = fitted.predictions(accounts)
    assert table.columns[:3] == ["snapshot_month", "account_id", "owner_id"]
    assert table["account_id"].to_list() == sorted(accounts["account_id"])


def test_parts_add_up_and_an_explanation_names_every_group(fitted: Fitted, accounts: pl.DataFrame) -> None:
    policy = replace(LOANS.load_policy(), model=config_for(fitted.portfolio), reasons=reasons_for(fitted.portfolio))
    account = accounts.filter(pl.col(VISITS.months) > 0, pl.col(CALLS.months) == 0)[:1]
    found = explain_prediction(fitted.version, account, fitted.predictions(accounts), policy=policy)
    assert found.error < 1e-9
    value = {part.feature: part.value for part in found.parts}
    assert value.keys() - set(COMBINATIONS) == set(fitted.portfolio.features.explained) - set(COMBINATIONS)
    assert [value[group.feature] is None for group in fitted.groups] == [group == CALLS for group in fitted.groups]


def test_only_a_history_that_was_seen_is_a_reason(fitted: Fitted, accounts: pl.DataFrame) -> None:
    catalogue = reasons_for(fitted.portfolio)
    given = reasons_of(fitted.version, accounts, catalogue).select(codes=pl.concat_list(pl.all()))["codes"]
    for group in fitted.groups:
        has_reason = given.list.contains(catalogue.reasons[group.feature].code).fill_null(value=False)
        is_seen = accounts[group.months] > 0
        assert not has_reason.filter(~is_seen).any()
        assert has_reason.filter(is_seen).any()


def test_a_scorecard_gives_the_same_points_in_sql_polars_and_python(accounts: pl.DataFrame) -> None:
    for groups in GROUPS:
        fitted = fit("scorecard", groups)
        files, config = fitted.version.artifacts(), config_for(fitted.portfolio)
        used = {one["feature"] for one in json.loads(files["scorecard.json"])["characteristics"]}
        assert {group.feature for group in groups} <= used
        probability = pl.DataFrame({"probability": fitted.version.predict(accounts)})
        scored = probability.select(score_points(pl.col("probability"), config.scoring.scaling)).to_series()
        assert accounts.select(points_expression(files["scorecard.json"])).to_series().to_list() == scored.to_list()
        with duckdb.connect() as connection:
            connection.execute("create schema gold")
            connection.register("accounts", accounts.to_arrow())
            connection.execute("create table gold.feature_store as select * from accounts")
            by_sql = connection.sql(files["scorecard.sql"].decode()).pl()
        assert by_sql.columns == ["account_id", "points"]
        assert dict(by_sql.iter_rows()) == dict(zip(accounts["account_id"], scored, strict=True))


def test_trees_start_from_the_line_of_every_group() -> None:
    for groups in GROUPS:
        estimator = fit("gradient_boosting", groups).version.estimator
        assert isinstance(estimator, TreeEnsemble)
        assert estimator.start is not None
        assert len(estimator.start.columns) == max(len(groups), 1)
        assert all(weight > 0 for weight in estimator.start.weights) == bool(groups)
        assert type(estimator).from_bytes(estimator.to_bytes()) == estimator


def test_the_reference_follows_the_history_of_the_first_group(fitted: Fitted, accounts: pl.DataFrame) -> None:
    reference = Reference.from_json(fitted.version.reference)
    names = tuple(bins.name for bins in reference.features)
    assert names == (*reference_numbers(fitted.portfolio.features), "region")
    assert {channel for group in fitted.groups for channel in group.channels} <= set(names)
    assert not {group.months for group in fitted.groups} & set(names)
    assert set(names) <= set(fitted.version.monitored(accounts).columns)
    longest = (0, 6, 12)[GROUPS.index(fitted.groups)]
    assert max((at.months for at in reference.by_history), default=0) == longest
    assert fitted.version.history == (fitted.groups[0].months if fitted.groups else None)


def test_a_loan_is_copied_once_per_history_that_it_has(accounts: pl.DataFrame) -> None:
    copied = with_copies_without_history(accounts, (VISITS, CALLS))
    n_seen = sum((accounts[group.months] > 0).sum() for group in (VISITS, CALLS))
    assert copied.height == accounts.height + n_seen
    assert copied[: accounts.height].equals(accounts)
    assert copied[accounts.height :].filter(pl.col(VISITS.months) > 0, pl.col(CALLS.months) > 0).is_empty()


def test_a_version_of_other_groups_is_refused() -> None:
    version = fit("logistic_regression", (VISITS, CALLS)).version
    for portfolio in (book_of(), book_of(CALLS, VISITS), book_of(VISITS)):
        with pytest.raises(ModelStoreError, match="cannot be read back"):
            load_version(version.model, version.artifacts(), portfolio=portfolio)


def test_errors_use_the_words_of_the_book() -> None:
    portfolio = book_of(VISITS)
    few, config = make_accounts(20, seed=5), config_for(portfolio)
    with pytest.raises(TrainingError, match=r"its training sample has 20 accounts, \d+ of them bad"):
        fit_version("scorecard", few, few, config, portfolio=portfolio)
    with pytest.raises(TrainingError, match="its training sample lacks account_id, n_visit_months"):
        fit_version("scorecard", few.drop("account_id", VISITS.months), few, config, portfolio=portfolio)
