from __future__ import annotations

from collections.abc import Callable

import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given

from credit_platform.errors import PolicyError
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import Contributions
from credit_platform.scoring.explanation.reasons import (
    LEAST_CONTRIBUTION,
    MAX_REASONS,
    REASON_COLUMNS,
    choose_reasons,
    mix_counts,
    mix_index,
    reason_mix,
    reasons_of,
)
from credit_platform.scoring.training.version import FittedVersion, fit_version

MakeLoans = Callable[..., pl.DataFrame]

CATALOGUE = LOANS.load_policy().reasons
EXPLAINED = LOANS.features.explained
FEATURE_OF = {reason.code: feature for feature, reason in CATALOGUE.reasons.items()}
CODE_OF = {feature: code for code, feature in FEATURE_OF.items()}


def parts(rows: list[dict[str, float]]) -> Contributions:
    features = tuple(rows[0])
    return Contributions(
        features, np.array([[row[feature] for feature in features] for row in rows]), np.full(len(rows), -1.0)
    )


def chosen(rows: list[dict[str, float]]) -> list[list[str]]:
    table = choose_reasons(parts(rows), CATALOGUE, order=EXPLAINED)
    return [[FEATURE_OF[code] for code in row if code is not None] for row in table.iter_rows()]


def test_the_largest_contributions_to_default_come_first() -> None:
    loan = {"n_loans": 0.1, "credit_mix": 0.5, "emi_amount": -2.0, "interest_rate": 0.3, "n_credit_cards": 0.2,
            "n_bank_accounts": 0.05}  # fmt: skip
    assert chosen([loan]) == [["credit_mix", "interest_rate", "n_credit_cards", "n_loans"]]


def test_there_are_fewer_than_four_when_fewer_features_increase_the_risk() -> None:
    loan = {"n_loans": 0.1, "credit_mix": 0.0, "emi_amount": -2.0, "interest_rate": -0.3, "n_credit_cards": 0.2}
    assert chosen([loan, {**loan, "n_credit_cards": -1.0, "n_loans": 0.0}]) == [["n_credit_cards", "n_loans"], []]


def test_a_model_of_fewer_than_four_features_gives_what_it_has() -> None:
    assert chosen([{"n_loans": 0.1, "credit_mix": 0.5}]) == [["credit_mix", "n_loans"]]


def test_a_feature_that_may_not_be_given_makes_room_for_the_next() -> None:
    loan = {"occupation_group": 3.0, "n_loans": 0.1, "n_clickstream_months": 2.0, "credit_mix": 0.5}
    assert chosen([loan]) == [["credit_mix", "n_loans"]]
    assert chosen([{"occupation_group": 3.0}]) == [[]]


def test_equal_contributions_come_in_the_order_of_the_catalogue_whatever_the_order_of_the_model() -> None:
    names = ["credit_mix", "n_loans", "interest_rate", "annual_income_amount", "loan_extent"]
    expected = [[name for name in EXPLAINED if name in names][:MAX_REASONS]]
    assert chosen([dict.fromkeys(names, 0.5)]) == expected
    assert chosen([dict.fromkeys(reversed(names), 0.5)]) == expected


def test_the_last_digits_of_a_sum_are_no_reason() -> None:
    assert chosen([{"n_loans": 1e-16, "credit_mix": 1e-10}]) == [[]]


def test_a_feature_withheld_for_one_loan_is_still_given_for_others() -> None:
    two = parts([{"n_loans": 0.1, "emi_amount": 0.5}] * 2)
    table = choose_reasons(two, CATALOGUE, order=EXPLAINED, withheld={"emi_amount": np.array([True, False])})
    assert table["reason_1"].to_list() == [CODE_OF["n_loans"], CODE_OF["emi_amount"]]
    assert two.values[0, 1] == 0.5


VAGUE = {"clickstream_evidence": 3.0}


@pytest.mark.parametrize(
    ("loan", "expected"),
    [
        (VAGUE | {"n_loans": 0.1}, ["n_loans", *VAGUE]),
        (VAGUE | {"n_loans": 0.1, "emi_amount": 0.2}, ["emi_amount", "n_loans", *VAGUE]),
        # It has its place among the four by what it contributes, whatever its place in their order.
        (VAGUE | {"n_loans": 0.1, "emi_amount": 0.2, "interest_rate": 0.3, "n_credit_cards": 0.4},
         ["n_credit_cards", "interest_rate", "emi_amount", *VAGUE]),
        ({"clickstream_evidence": 0.05, "n_loans": 0.1, "emi_amount": 0.2, "interest_rate": 0.3, "n_credit_cards": 0.4},
         ["n_credit_cards", "interest_rate", "emi_amount", "n_loans"]),
        # Nothing specific speaks against the loan: what does is said, and a notice would be refused.
        (VAGUE | {"n_loans": -0.1}, [*VAGUE]),
        (VAGUE | {"n_loans": 0.5 * LEAST_CONTRIBUTION}, [*VAGUE]),
    ],
)  # fmt: skip
def test_a_vague_reason_comes_after_the_specific_ones_it_is_given_with(
    loan: dict[str, float], expected: list[str]
) -> None:
    assert chosen([loan]) == [expected]


def test_a_version_of_an_earlier_release_gives_its_reasons_in_the_order_of_their_parts() -> None:
    table = choose_reasons(parts([VAGUE | {"n_loans": 0.1}]), CATALOGUE, order=EXPLAINED, specific_first=False)
    assert table.row(0)[:2] == (CODE_OF["clickstream_evidence"], CODE_OF["n_loans"])


def test_the_least_of_four_vague_reasons_makes_room_for_a_specific_one() -> None:
    names = EXPLAINED[:6]
    vague = {name: CATALOGUE.reasons[name].model_copy(update={"is_specific": name == names[5]}) for name in names}
    catalogue = CATALOGUE.model_copy(update={"reasons": vague})
    loan = dict(zip(names, [0.9, 0.8, 0.7, 0.6, 0.5, 0.1], strict=True))
    (row,) = choose_reasons(parts([loan]), catalogue, order=EXPLAINED).iter_rows()
    assert [FEATURE_OF[code] for code in row] == [names[5], *names[:3]]
    nothing_specific = choose_reasons(parts([loan | {names[5]: 0.0}]), catalogue, order=EXPLAINED).row(0)
    assert [FEATURE_OF[code] for code in nothing_specific] == [*names[:4]]


def test_a_feature_without_an_entry_is_refused_by_name() -> None:
    with pytest.raises(PolicyError, match=r"reasons\.n_pets: is missing"):
        choose_reasons(parts([{"n_pets": 0.1}]), CATALOGUE, order=EXPLAINED)


def test_no_loans_give_an_empty_table_of_the_same_columns() -> None:
    empty = choose_reasons(Contributions(("n_loans",), np.empty((0, 1)), np.empty(0)), CATALOGUE, order=EXPLAINED)
    assert dict(empty.schema) == dict.fromkeys(REASON_COLUMNS, pl.String)
    assert empty.height == 0
    assert reason_mix(empty).height == 0


contributed = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.just(len(EXPLAINED))),
    elements=st.one_of(st.floats(-3, 3), st.sampled_from([0.0, 0.5, -0.5])),
)


@given(values=contributed)
def test_reasons_are_the_top_positive_parts_of_what_may_be_given(values: np.ndarray) -> None:
    table = choose_reasons(Contributions(EXPLAINED, values, np.zeros(len(values))), CATALOGUE, order=EXPLAINED)
    for loan, codes in zip(values, table.iter_rows(), strict=True):
        part_of = dict(zip(EXPLAINED, loan.tolist(), strict=True))
        may_be = [name for name, reason in CATALOGUE.reasons.items() if reason.is_given]
        expected = sorted((part_of[name] for name in may_be if part_of[name] > LEAST_CONTRIBUTION), reverse=True)
        given_codes = [code for code in codes if code is not None]
        assert sorted((part_of[FEATURE_OF[code]] for code in given_codes), reverse=True) == expected[:MAX_REASONS]
        is_vague = [not CATALOGUE.by_code[code].is_specific for code in given_codes]
        assert is_vague == sorted(is_vague)
        assert len(set(given_codes)) == len(given_codes)
        assert list(codes) == [*given_codes, *[None] * (MAX_REASONS - len(given_codes))]


@given(values=contributed, seed=st.integers(0, 99))
def test_a_loans_reasons_do_not_depend_on_its_neighbours_or_on_the_order_of_features(
    values: np.ndarray, seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(len(EXPLAINED))
    shuffled = Contributions(tuple(EXPLAINED[place] for place in order), values[:, order], np.zeros(len(values)))
    whole = choose_reasons(shuffled, CATALOGUE, order=EXPLAINED)
    alone = [
        choose_reasons(Contributions(EXPLAINED, row[None, :], np.zeros(1)), CATALOGUE, order=EXPLAINED)
        for row in values
    ]
    assert whole.equals(pl.concat(alone))


def test_no_reason_of_a_version_lowers_the_risk_of_its_loan(version: FittedVersion, loans: MakeLoans) -> None:
    sample = pl.concat([loans(200, seed=71), loans(100, seed=72, history=0)])
    table, found = reasons_of(version, sample, CATALOGUE), version.contributions(sample)
    for row, codes in enumerate(table.iter_rows()):
        increases = {
            code: found.values[row, found.features.index(FEATURE_OF[code])] for code in codes if code is not None
        }
        assert [*increases] == sorted(
            increases, key=lambda code: (not CATALOGUE.by_code[code].is_specific, -increases[code])
        )
        assert all(part > 0 for part in increases.values())
    assert table["reason_1"].null_count() < 30


def test_a_history_that_was_not_seen_is_no_reason(version: FittedVersion, loans: MakeLoans) -> None:
    mix = {
        history: reason_mix(reasons_of(version, loans(200, seed=73, history=history), CATALOGUE)) for history in (0, 6)
    }
    code = CODE_OF["clickstream_evidence"]
    assert (code in mix[0]["reason"], code in mix[6]["reason"]) == (False, True)


def test_every_feature_of_every_configured_model_has_a_text(config: ModelConfig, loans: MakeLoans) -> None:
    for name in config.models:
        fitted = fit_version(name, loans(200, seed=74), loans(120, seed=75), config, portfolio=LOANS)
        features = set(fitted.transformer.design_features())
        assert features - set(CATALOGUE.reasons) == set()
        assert all(CATALOGUE.reasons[feature].consumer for feature in features)


MIX = pl.DataFrame(
    [["A1", "B1", None, None], ["B1", None, None, None], [None] * 4],
    schema=dict.fromkeys(REASON_COLUMNS, pl.String),
    orient="row",
)


def test_the_mix_counts_loans_and_puts_the_most_frequent_first() -> None:
    assert reason_mix(MIX).rows() == [("B1", 2, 2 / 3), ("A1", 1, 1 / 3)]
    assert mix_counts(reason_mix(MIX)) == {"A1": 1, "B1": 2}


def test_a_mix_lies_at_zero_from_itself_and_further_off_the_more_it_differs() -> None:
    mix = reason_mix(MIX)
    assert mix_index({"A1": 1, "B1": 2}, mix) == 0.0
    near, far = mix_index({"A1": 30, "B1": 50}, mix), mix_index({"C1": 80}, mix)
    assert near is not None
    assert far is not None
    assert 0 < near < far


def test_a_month_without_reasons_has_no_index() -> None:
    assert mix_index({"A1": 1}, reason_mix(MIX.clear())) is None
    assert mix_index({}, reason_mix(MIX)) is None
