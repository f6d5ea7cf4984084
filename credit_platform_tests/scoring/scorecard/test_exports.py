from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from credit_platform.policy.characteristics import CharacteristicPolicy
from credit_platform.policy.model_config import ModelConfig, ModelSpec
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM, CLICKSTREAM_SUMS
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.grades import score_points
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform_tests.scoring.scorecard.leaf_sentences import is_true
from credit_platform_tests.scoring.scorecard.points_expression import points_expression

MakeLoans = Callable[..., pl.DataFrame]
BY_HAND: dict[str, dict[str, object]] = {
    "emi_amount": {
        "cut_points": (40.5, 55.0, 55.125),
        "special_values": {"=no 'record'": (-1.0, 999.25), "a zero": (0.0,)},
        "use": "force",
    },
    "n_loans": {"special_values": {"many": (99.0, -5.0)}, "direction": "none", "use": "force"},
    "invested_amount": {"use": "exclude"},
}
SPECIAL = {"emi_amount": [-1.0, 999.25, 0.0, -0.0, 40.5, 55.125], "n_loans": [99, -5]}
ODD_NUMBERS = (None, float("nan"), float("inf"), -float("inf"), 0.0, -1.0, 1e300)


@pytest.fixture(scope="module")
def scorecard(config: ModelConfig, loans: MakeLoans) -> FittedVersion:
    """A scorecard of many characteristics: thresholds so low that noise enters, and a level with a quote among rare."""
    params = {"C": 1.0, "max_iter": 1000, "min_iv": 0.0005, "max_vif": 50.0, "evidence_min_bin_bads": 2}
    params |= {"trees": 2, "tree_leaves": 8, "min_leaf_share": 0.03}
    by_hand = {name: CharacteristicPolicy.model_validate(said) for name, said in BY_HAND.items()}
    spec = ModelSpec(alias="card", algorithm="scorecard", params=params, characteristics=by_hand)
    row = pl.int_range(pl.len())
    train = loans(1500, seed=1).with_columns(
        occupation_group=pl.when(row < 60).then(pl.lit("Ship's cook")).otherwise("occupation_group"),
        emi_amount=pl.when(row % 9 == 0).then(-1.0).when(row % 9 == 1).then(999.25).otherwise("emi_amount"),
        n_loans=pl.when(row % 11 == 0).then(99).when(row % 11 == 1).then(None).otherwise("n_loans").cast(pl.Int32),
    )
    chosen = config.model_copy(update={"models": {"card": spec}})
    return fit_version("card", train, loans(500, seed=2), chosen, portfolio=LOANS)


@pytest.fixture(scope="module")
def files(scorecard: FittedVersion) -> Mapping[str, bytes]:
    return scorecard.estimator.exports(scorecard.transformer, LOANS.cases.key)


@pytest.fixture(scope="module")
def odd_loans(loans: MakeLoans, files: Mapping[str, bytes]) -> pl.DataFrame:
    """Loans with and without history, and with every number out of `ODD_NUMBERS` or at a bound here and there."""
    frame = pl.concat([loans(400, seed=71, history=24), loans(100, seed=72, history=0)])
    random = np.random.default_rng(3)
    uppers = {
        one["feature"]: [bin_["upper"] for bin_ in one["attributes"][:-1]]
        for one in json.loads(files["scorecard.json"])["characteristics"]
        if one["kind"] == "number"
    }

    def spoiled(name: str, odd: list[Any]) -> pl.Series:
        chosen = random.random(frame.height) < 0.3
        values = [odd[place] for place in random.integers(0, len(odd), frame.height)]
        return pl.Series(name, np.where(chosen, values, frame[name].to_list()).tolist(), dtype=frame.schema[name])

    columns = []
    for name in LOANS.features.numeric:
        if frame.schema[name] == pl.Float64:
            columns.append(spoiled(name, [*ODD_NUMBERS, *uppers.get(name, []), *SPECIAL.get(name, [])]))
        elif frame.schema[name] == pl.Int32 and name != CLICKSTREAM.months:
            columns.append(
                spoiled(name, [None, -5, 2**31 - 1, *map(int, uppers.get(name, [])), *SPECIAL.get(name, [])])
            )
        elif frame.schema[name] == pl.Boolean:
            columns.append(spoiled(name, [None]))
    # What the book makes of a level it does not know is missing; another level stays unseen.
    columns += [
        spoiled(name, [None] if name == "credit_mix" else [None, "", "Astronaut", "Ship's cook"])
        for name in LOANS.features.categorical
    ]
    wild = frame.with_columns(columns)
    some = pl.int_range(pl.len()) % 50
    return wild.with_columns(
        pl.when(some == 0).then(float("inf")).when(some == 1).then(float("nan")).when(some == 2).then(1e307)
        .when(some == 3).then(None).otherwise(pl.col(name)).alias(name)
        for name in CLICKSTREAM_SUMS
    )  # fmt: skip


def walk(document: Mapping[str, Any], loan: Mapping[str, Any]) -> int:
    """Score one loan with the JSON, in plain Python."""
    evidence, total = document["clickstream_evidence"], 0.0
    months = float(loan[evidence["months"]] or 0)
    for channel in evidence["channels"]:
        total += channel["weight"] * ((loan[channel["sum"]] or 0.0) - months * channel["middle"])
    known = {**loan, CLICKSTREAM.feature: total if months > 0 else None}
    points = 0
    for characteristic in document["characteristics"]:
        if characteristic["kind"] == "leaf":
            (leaf,) = (one for one in characteristic["attributes"] if is_true(one["attribute"], known))
            points += leaf["points"]
            continue
        value = known[characteristic["feature"]]
        if value is None or (isinstance(value, float) and not np.isfinite(value)):
            points += characteristic["missing"]["points"]
        elif characteristic["kind"] == "number":
            special = (one for one in characteristic["special"] if value in one["values"])
            places = (one for one in characteristic["attributes"] if one["upper"] is None or value <= one["upper"])
            points += next(special, next(places))["points"]
        else:
            places = (one for one in characteristic["attributes"] if value in one["levels"])
            points += next(places, characteristic["unseen"])["points"]
    return points


def test_estimator_json_sql_and_polars_give_every_odd_loan_the_same_points(
    scorecard: FittedVersion, files: Mapping[str, bytes], odd_loans: pl.DataFrame, config: ModelConfig
) -> None:
    by_estimator = odd_loans.select("loan_id").with_columns(default_probability=scorecard.predict(odd_loans))
    scored = by_estimator.select(score_points(pl.col("default_probability"), config.scoring.scaling)).to_series()
    document = json.loads(files["scorecard.json"])
    assert [walk(document, loan) for loan in odd_loans.to_dicts()] == scored.to_list()
    by_polars = odd_loans.select(points_expression(files["scorecard.json"])).to_series()
    assert by_polars.dtype == pl.Int32
    assert by_polars.to_list() == scored.to_list()
    with duckdb.connect() as connection:
        connection.execute("create schema gold")
        connection.register("odd_loans", odd_loans.to_arrow())
        connection.execute("create table gold.feature_store as select * from odd_loans")
        rows = connection.execute(files["scorecard.sql"].decode()).fetchall()
    by_sql = dict(rows)
    assert [by_sql[loan] for loan in odd_loans["loan_id"]] == scored.to_list()
    assert len(rows) == odd_loans.height
    assert len(set(scored)) > 50


def test_a_single_loan_has_the_points_it_has_in_a_batch(files: Mapping[str, bytes], odd_loans: pl.DataFrame) -> None:
    points = points_expression(files["scorecard.json"])
    whole = odd_loans.select(points).to_series()
    assert all(odd_loans[row].select(points).item() == whole[row] for row in range(0, 500, 25))


def test_the_document_holds_what_is_used_and_what_was_dropped_with_the_reason(
    scorecard: FittedVersion, files: Mapping[str, bytes]
) -> None:
    estimator = scorecard.estimator
    assert isinstance(estimator, ScorecardEstimator)
    document = json.loads(files["scorecard.json"])
    assert {one["feature"] for one in document["characteristics"]} | {
        one["feature"] for one in document["dropped"]
    } == set(scorecard.transformer.design_features())
    assert {one["feature"] for one in document["dropped"]} == {
        one.feature for one in estimator.characteristics if one.dropped
    }
    assert all(one["reason"] for one in document["dropped"])
    kinds = {one["feature"]: one["kind"] for one in document["characteristics"]}
    assert "level" in kinds.values()
    assert kinds[CLICKSTREAM.feature] == "number"


def test_the_table_has_a_line_per_attribute_in_words_and_its_numbers_add_up(
    files: Mapping[str, bytes], loans: MakeLoans
) -> None:
    table = list(csv.DictReader(io.StringIO(files["scorecard.csv"].decode())))
    assert list(table[0]) == [
        *("characteristic", "attribute", "n", "n_bad", "bad_rate", "woe", "iv", "points", "warning", "set_by_hand")
    ]
    debt = [line for line in table if line["characteristic"] == "outstanding_debt_amount"]
    assert debt[0]["attribute"].startswith("up to ")
    assert debt[-2]["attribute"].startswith("over ")
    assert debt[-1]["attribute"] == "missing"
    assert sum(int(line["n"]) for line in debt) == 1500
    assert sum(int(line["n_bad"]) for line in debt) == loans(1500, seed=1)["label"].sum()
    assert [int(line["points"]) for line in debt[:-1]] == sorted(
        (int(line["points"]) for line in debt[:-1]), reverse=True
    )
    for line in debt[:-1]:
        assert float(line["bad_rate"]) == int(line["n_bad"]) / int(line["n"])
    document = json.loads(files["scorecard.json"])
    stated = next(one for one in document["characteristics"] if one["feature"] == "outstanding_debt_amount")
    assert sum(float(line["iv"]) for line in debt) == pytest.approx(stated["information_value"], abs=1e-9)


def test_what_was_set_by_hand_is_on_the_card_with_its_policy_key_and_its_warnings(files: Mapping[str, bytes]) -> None:
    document = json.loads(files["scorecard.json"])
    found = {one["feature"]: one for one in [*document["characteristics"], *document["dropped"]]}
    key = "models.card.characteristics"
    assert found["emi_amount"]["set_by_hand"] == {
        f"{key}.emi_amount.cut_points": [40.5, 55.0, 55.125],
        f"{key}.emi_amount.special_values": {"=no 'record'": [-1.0, 999.25], "a zero": [0.0]},
        f"{key}.emi_amount.use": "force",
    }
    assert found["invested_amount"]["reason"] == "excluded by policy"
    assert found["invested_amount"]["set_by_hand"] == {f"{key}.invested_amount.use": "exclude"}
    assert {name for name, one in found.items() if one["set_by_hand"]} == set(BY_HAND)
    emi = found["emi_amount"]
    assert [one["upper"] for one in emi["attributes"]] == [40.5, 55.0, 55.125, None]
    assert [one["attribute"] for one in emi["special"]] == ["=no 'record': -1, 999.25", "a zero: 0"]
    lines = [*emi["attributes"], *emi["special"], emi["missing"]]
    assert sum(one["n"] for one in lines) == 1500
    assert [one["attribute"] for one in lines if one["warning"]] == ["over 55 up to 55.125", "a zero: 0"]
    assert emi["special"][1]["warning"] == "0 bad and 0 good are too few: it weighs nothing"
    table = list(csv.DictReader(io.StringIO(files["scorecard.csv"].decode())))
    of_emi = [line for line in table if line["characteristic"] == "emi_amount"]
    assert [line["attribute"] for line in of_emi][4:] == ["'=no 'record': -1, 999.25", "a zero: 0", "missing"]
    assert {line["set_by_hand"] for line in of_emi} == {"cut_points, special_values, use"}
    assert of_emi[2]["warning"] == emi["attributes"][2]["warning"]


def test_nothing_is_exported_before_the_scorecard_is_in_points(scorecard: FittedVersion) -> None:
    from dataclasses import replace

    estimator = scorecard.estimator
    assert isinstance(estimator, ScorecardEstimator)
    assert replace(estimator, scale=None).exports(scorecard.transformer, LOANS.cases.key) == {}
