"""Loans scored as the newest cohorts have sources, by a challenger that lives on a source and a champion that does not.

The champion reads the debt. The challenger reads debt and clickstream of loans that have one, and nothing of others.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.champion_challenger.comparison import PAIRED_SCHEMA, compare_models
from credit_platform.scoring.champion_challenger.decision import ChallengerDecision, decide_challenger
from credit_platform.scoring.champion_challenger.newest_sources import COMPARED_AS, TakenSources, scored_as_newest
from credit_platform.scoring.training.samples import SourceMix, without_source
from credit_platform.statistics.calibration import probability_of
from credit_platform_tests.scoring.conftest import make_loans

CONFIG = LOANS.load_policy().model
FIRST, SOURCES = date(2024, 1, 1), tuple(LOANS.features.source_flags)
STORED = pl.concat(
    make_loans(400, seed=place, month=add_months(FIRST, place)).with_columns(
        has_financials=pl.lit(value=True), has_attributes=pl.lit(value=True)
    )
    for place in range(3)
)


def by_debt(rows: pl.DataFrame) -> np.ndarray:
    return probability_of((0.00125 * (rows["outstanding_debt_amount"] - 1400) - 0.85).to_numpy())


def by_both(rows: pl.DataFrame) -> np.ndarray:
    history = -0.006 * (rows["fe_10_sum"] - 70 * rows["n_clickstream_months"])
    odds = np.log(by_debt(rows) / (1 - by_debt(rows))) + history.to_numpy()
    return probability_of(np.where(rows["has_clickstream"].to_numpy(), odds, -0.85))


def paired(stored: pl.DataFrame) -> pl.DataFrame:
    found = stored.select(cohort="snapshot_month", case_id="loan_id", label="label").with_columns(
        champion_probability=pl.Series(by_debt(stored)), challenger_probability=pl.Series(by_both(stored))
    )
    return found.cast(PAIRED_SCHEMA).sort("cohort", "case_id")  # pyrefly: ignore


def newest(**present: float) -> SourceMix:
    cohorts = (add_months(FIRST, 6), add_months(FIRST, 8))
    return SourceMix(cohorts, 3000, dict.fromkeys(SOURCES, 1.0) | present)


def scored(stored: pl.DataFrame, mix: SourceMix) -> tuple[pl.DataFrame, TakenSources | None]:
    rows = stored.drop("label").sample(fraction=1.0, shuffle=True, seed=3).lazy()
    return scored_as_newest(paired(stored), rows, mix, [by_debt, by_both], portfolio=LOANS, seed=42)


def decided(stored: pl.DataFrame, mix: SourceMix) -> ChallengerDecision:
    loans, taken = scored(stored, mix)
    versions = ("v1", "v2")
    measured = compare_models(
        loans, champion="old", challenger="new", config=CONFIG, versions=versions, cut_off=0.5, taken=taken
    )
    return decide_challenger(measured, config=CONFIG, cases="loans")


def test_a_challenger_better_with_a_source_and_worse_without_loses_once_newer_loans_lack_it() -> None:
    with_source, without = decided(STORED, newest()), decided(STORED, newest(clickstream=0.0))
    assert with_source.verdict == "promote"
    assert without.verdict == "reject"
    assert without.reasons[0].startswith("The challenger ranks worse, beyond chance")
    assert "on the same 1,200 loans of 3 cohorts" in without.reasons[0]
    compared = "Compared: version v2 of new with version v1 of old, as in force in the month"
    assert with_source.reasons[-1] == f"{compared}."
    assert without.reasons[-1] == (
        f"{compared}; loans {COMPARED_AS} 2024-07 to 2024-09 have sources: clickstream taken from 100% of them."
    )


@pytest.mark.parametrize(
    ("stored", "mix", "shares"),
    [
        (STORED, newest(clickstream=0.75, attributes=0.5), {"attributes": 0.5, "clickstream": 0.25}),
        # Loans that never had the source have lost nothing.
        (
            pl.concat([STORED[:600], without_source(STORED[600:], "clickstream", LOANS.features)], how="vertical"),
            newest(clickstream=0.0),
            {"clickstream": 0.5},
        ),
    ],
)
def test_what_was_taken_is_a_share_of_all_loans_compared(
    stored: pl.DataFrame, mix: SourceMix, shares: dict[str, float]
) -> None:
    loans, taken = scored(stored, mix)
    assert taken is not None
    assert taken.shares == pytest.approx(shares)
    before = paired(stored)
    assert loans.drop("challenger_probability").equals(before.drop("challenger_probability"))
    changed = (loans["challenger_probability"] != before["challenger_probability"]).mean()
    assert changed == pytest.approx(shares["clickstream"])


@pytest.mark.parametrize("mix", [newest(), newest(clickstream=0.97), SourceMix((), 0, {})])
def test_where_nothing_is_surely_lost_the_stored_scores_are_compared(mix: SourceMix) -> None:
    before = paired(STORED).with_columns(champion_probability=pl.lit(0.5))
    found = scored_as_newest(before, STORED.drop("label").lazy(), mix, [], portfolio=LOANS, seed=42)
    assert found == (before, None)


def test_without_a_common_loan_nothing_is_scored() -> None:
    none = pl.DataFrame(schema=PAIRED_SCHEMA)
    found = scored_as_newest(none, STORED.drop("label").lazy(), newest(clickstream=0.0), [], portfolio=LOANS, seed=42)
    assert found == (none, None)
