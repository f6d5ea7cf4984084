"""A draft of made-up loans with much set by hand, for tests of what it says and of its page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import polars as pl

from credit_platform.policy.characteristics import CharacteristicPolicy, set_by_hand
from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.model_spec import ModelSpec
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.scorecard.draft import (
    NEWEST,
    TRAIN,
    VALIDATION,
    ScorecardDraft,
    draft_characteristics,
    sample_facts,
)
from credit_platform.scoring.scorecard.draft_change import draft_change
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform.scoring.training.windows import windows_for
from credit_platform_tests.scoring.conftest import make_loans

MONTH = date(2024, 6, 1)
BY_HAND: Mapping[str, Mapping[str, object]] = {
    "outstanding_debt_amount": {
        "cut_points": (0.0, 600.0, 601.0, 1400.0),
        "special_values": {"<b>no record</b>": (-1.0,), "never seen": (123456.5,)},
    },
    "annual_income_amount": {"use": "force"},
    "credit_mix": {"use": "exclude"},
}
WINDOWS = windows_for(MONTH, LOANS.load_policy().model)


def specs(by_hand: Mapping[str, Mapping[str, object]] = BY_HAND) -> ModelSpec:
    said = {name: CharacteristicPolicy.model_validate(each) for name, each in by_hand.items()}
    return ModelSpec(alias="model_1", algorithm="scorecard", params={"C": 1.0, "min_iv": 0.02}, characteristics=said)


def samples() -> dict[str, pl.DataFrame]:
    """Training, validation in which the two riskiest bins of debt change places, and newest loans without outcome."""
    row = pl.int_range(pl.len())
    debt = pl.when(row % 10 == 0).then(-1.0).otherwise("outstanding_debt_amount").alias("outstanding_debt_amount")
    first, second = WINDOWS.validation[0], WINDOWS.validation[1]
    validation = pl.concat([make_loans(600, seed=2, month=first), make_loans(500, seed=3, month=second)])
    turned = pl.when(pl.col("outstanding_debt_amount") > 1400).then(0).otherwise("label").cast(pl.Int8).alias("label")
    newest = make_loans(400, seed=4, month=date(2024, 5, 1), history=0).drop("label")
    train = make_loans(1500, seed=1, month=WINDOWS.train[0])
    return {
        TRAIN: train.with_columns(debt),
        VALIDATION: validation.with_columns(debt).with_columns(turned),
        NEWEST: newest.with_columns(pl.lit(-1.0).alias("outstanding_debt_amount")),
    }


def fitted(spec: ModelSpec) -> FittedVersion:
    config: ModelConfig = LOANS.load_policy().model.model_copy(update={"models": {"scorecard": spec}})
    given = samples()
    return fit_version("scorecard", given[TRAIN], given[VALIDATION], config, portfolio=LOANS)


@cache
def drafted() -> ScorecardDraft:
    given, spec = samples(), specs()
    draft, plain = fitted(spec), fitted(specs({}))
    loans = {"validation loans": given[VALIDATION], "loans of the newest cohorts": given[NEWEST]}
    return ScorecardDraft(
        model="scorecard",
        alias="model_1",
        month=MONTH,
        windows=WINDOWS,
        policy_sha256="ab" * 32,
        set_by_hand=set_by_hand("scorecard", spec.characteristics),
        params=spec.params,
        samples={name: sample_facts(draft, sample) for name, sample in given.items()},
        characteristics=draft_characteristics(draft, spec, given),
        changes=(
            draft_change(
                draft, plain, loans, against="<i>the other</i>", cut_offs=(0.5, 0.5), trained_on=WINDOWS.validation[:1]
            ),
            draft_change(draft, draft, loans, against="itself", cut_offs=(0.5, 0.5)),
        ),
    )
