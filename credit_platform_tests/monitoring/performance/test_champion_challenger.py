from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.monitoring.performance.champion_challenger import SCHEMA, champion_challenger_frame
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.schemas.champion_challenger import ChampionChallenger
from credit_platform.scoring.champion_challenger.comparison import PAIRED_SCHEMA, compare_models
from credit_platform.scoring.champion_challenger.decision import decide_challenger
from credit_platform.scoring.champion_challenger.swap_sets import APPROVAL_RATES, CELLS
from credit_platform_tests.scoring.champion_challenger.paired_loans import paired_loans

MONTH = date(2025, 1, 1)


def frame_of(loans: pl.DataFrame, *, min_bads: int = 30) -> pl.DataFrame:
    config = LOANS.load_policy().model
    measured = compare_models(
        loans, champion="old", challenger="new", config=config, versions=("v1", "v2"), cut_off=0.5
    )
    decision = decide_challenger(measured, config=config, cases="loans")
    return champion_challenger_frame(measured, decision, snapshot_month=MONTH, config=config, min_bads=min_bads)


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return frame_of(paired_loans(per_cohort=250, champion_noise=1.5))


def test_the_rows_meet_their_contract(rows: pl.DataFrame) -> None:
    ChampionChallenger.validate(rows)
    assert rows.schema == pl.Schema(SCHEMA)
    assert rows["decision"].unique().to_list() == ["promote"]
    assert rows["status"].unique().to_list() == ["ok"]


def test_the_breakdowns_add_up_to_all_loans(rows: pl.DataFrame) -> None:
    whole = rows.filter(breakdown="all", metric="roc_auc", subject="difference").row(0, named=True)
    cohorts = rows.filter(breakdown="cohort", metric="brier", subject="champion")
    swaps = rows.filter(breakdown="swap_set", metric="bad_rate")
    for part in (cohorts, swaps):
        assert (part["n"].sum(), part["n_bad"].sum()) == (whole["n"], whole["n_bad"]) == (1000, whole["n_bad"])
    assert cohorts["segment"].to_list() == ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"]
    assert set(swaps["segment"]) == set(CELLS)
    rates = rows.filter(breakdown="approval_rate", metric="swap_rate")
    assert rates["segment"].to_list() == [f"{rate:.2f}" for rate in APPROVAL_RATES]
    counts = dict(swaps.select("segment", "n").iter_rows())
    approval = rows.filter(breakdown="all", metric="approval_rate").row(0, named=True)
    assert approval["value"] * 1000 == pytest.approx(counts["both_approve"] + counts["swap_out"])


def test_every_realised_figure_has_an_interval(rows: pl.DataFrame) -> None:
    assert set(rows.filter(pl.col("ci_low").is_null())["metric"]) == {"mean_probability"}


def test_too_few_loans_are_insufficient() -> None:
    few = frame_of(paired_loans(n_cohorts=2, per_cohort=60))
    assert few.filter(pl.col("breakdown") != "cohort", pl.col("value").is_not_null())["status"].unique().to_list() == [
        "insufficient"
    ]
    assert frame_of(paired_loans(per_cohort=250), min_bads=1000).filter(breakdown="cohort")[
        "status"
    ].unique().to_list() == ["insufficient"]


def test_a_month_without_a_common_loan_still_tells_its_decision() -> None:
    nothing = frame_of(pl.DataFrame(schema=PAIRED_SCHEMA))
    ChampionChallenger.validate(nothing)
    assert nothing["status"].unique().to_list() == ["unknown"]
    assert nothing["decision"].unique().to_list() == ["extend_observation"]
    assert nothing.filter(breakdown="cohort").is_empty()
