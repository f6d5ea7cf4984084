"""The log of decisions: without a file the book says so, with one it is read, one that cannot be read is refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl
import pytest

from credit_platform.assets.monitoring.decision_overrides import overrides_asset
from credit_platform.assets.resources import LakeResource, MonthlyParquetIOManager
from credit_platform.errors import SourceError
from credit_platform.lake.raw.decisions import read_decisions
from credit_platform.months import add_months, month_key, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import FIRST_OUTCOME, LAST, MODELS, PREVIEW_ALLOWED, BookFolders

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = PREVIEW_ALLOWED
TABLE = "monitoring/overrides"


def test_without_a_file_every_month_says_that_no_override_data_is_supplied(finished_book: BookFolders) -> None:
    rows = finished_book.lake.scan(TABLE, month_range(FIRST_OUTCOME, LAST)).collect()
    months = len(month_range(FIRST_OUTCOME, LAST))
    assert rows.select("metric", "status", "n").unique().rows() == [("override_rate", "unknown", 0)]
    assert rows.height == months * len(MODELS)


def test_a_file_is_read_for_the_cohort_whose_outcome_is_known(book_copy: BookFolders, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    cohort = add_months(LAST, -6)
    scored = book_copy.lake.scan("prediction/gradient_boosting", [cohort]).collect()
    is_low = (pl.col("decision") == "decline") & (pl.col("decision").cum_count() % 2 == 0)
    decided = scored.select(
        "loan_id",
        system_decision="decision",
        final_decision=pl.lit("approve"),
        override_type=pl.when(pl.col("decision") == "decline").then(pl.lit("low-side")),
        reason=pl.when(is_low).then(pl.lit("collateral")),
        officer=pl.lit("A. Clerk"),
    )
    decided.write_parquet(raw / "decisions_2024.parquet")
    resource = LakeResource(data_dir=str(book_copy.data_dir), raw_dir=str(raw), portfolio_name="loans")
    asset = overrides_asset(LOANS, book_copy.axis(), LOANS.load_policy(book_copy.policy_dir))
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [asset],
            instance=instance,
            partition_key=month_key(LAST),
            resources={"lake": resource, "parquet": MonthlyParquetIOManager(lake=resource)},
        )
    (event,) = result.asset_materializations_for_node(asset.node_def.name)
    assert event.metadata["decisions"].value == "supplied"
    rows = book_copy.lake.scan(TABLE, [LAST]).collect()
    own = rows.filter(model="gradient_boosting", segment="all")
    declined = scored.filter(decision="decline").height
    values = dict(own.select("metric", "value").iter_rows())
    assert declined > 0
    assert values["override_rate"] == pytest.approx(declined / scored.height)
    assert values["agreement_with_model"] == 1.0
    assert values["decision_coverage"] == 1.0
    assert set(own["cohort"]) == {cohort}
    other = rows.filter(model="scorecard", segment="all", metric="agreement_with_model")
    assert 0 < other["value"].item() < 1


def test_a_file_with_other_columns_is_refused_by_name(finished_book: BookFolders, tmp_path: Path) -> None:
    folders = BookFolders(finished_book.data_dir, tmp_path, finished_book.policy_dir)
    assert read_decisions(folders.layout) is None
    (tmp_path / "decisions.csv").write_text("loan_id,final_decision\nL1,approve\n")
    shutil.copy(tmp_path / "decisions.csv", tmp_path / ".decisions.csv")
    with pytest.raises(SourceError, match=r"decisions\.csv: column system_decision.* is missing"):
        read_decisions(folders.layout)
