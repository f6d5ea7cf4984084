"""Champion against challenger on the finished book: which cohorts count, what is told, and what a later run leaves."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl

from credit_platform.assets.monitoring.champion_challenger import PAGE, TABLE
from credit_platform.cli.instance import open_instance
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.months import add_months, month_key, month_range, parse_month
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.champion_challenger.newest_sources import COMPARED_AS
from credit_platform.scoring.training.samples import without_source
from credit_platform_tests.small_book import (
    FIRST_OUTCOME,
    FIRST_SCORING,
    LAST,
    MODELS,
    PREVIEW_ALLOWED,
    BookFolders,
    table_bytes,
)

pytestmark = PREVIEW_ALLOWED
CHAMPION, CHALLENGER = MODELS
MONTHS = month_range(FIRST_OUTCOME, LAST)


def compared(book: BookFolders) -> pl.DataFrame:
    return book.lake.scan(TABLE, MONTHS).collect()


def roles(book: BookFolders, model: str) -> dict[date, str]:
    scored = book.lake.scan(f"prediction/{model}", month_range(FIRST_SCORING, LAST)).collect()
    return dict(scored.select("snapshot_month", "sample_role").unique().iter_rows())


def test_exactly_the_mature_cohorts_new_to_both_models_are_compared(finished_book: BookFolders) -> None:
    table = compared(finished_book)
    by_model = [roles(finished_book, model) for model in MODELS]
    new = [cohort for cohort in by_model[0] if all(found[cohort] == "post" for found in by_model)]
    assert 0 < len(new) < len(by_model[0])
    for month in MONTHS:
        used = table.filter(breakdown="cohort").filter(pl.col("snapshot_month") == month)["segment"].unique().sort()
        assert used.to_list() == [month_key(cohort) for cohort in sorted(new) if add_months(cohort, 6) <= month]


def test_the_loans_compared_are_the_labelled_ones_both_scored(finished_book: BookFolders) -> None:
    table = compared(finished_book).filter(pl.col("snapshot_month") == LAST)
    cohorts = [date.fromisoformat(segment) for segment in table.filter(breakdown="cohort")["segment"].unique()]
    labels = finished_book.lake.scan("gold/label_store", [add_months(cohort, 6) for cohort in cohorts]).collect()
    whole = table.filter(breakdown="all", metric="roc_auc", subject="difference").row(0, named=True)
    assert (whole["n"], whole["n_bad"]) == (labels.height, labels["label"].sum())
    assert table["champion"].unique().to_list() == [CHAMPION]
    assert table["challenger"].unique().to_list() == [CHALLENGER]


def test_nothing_is_decided_before_three_cohorts_and_a_hundred_bads(finished_book: BookFolders) -> None:
    pooled = compared(finished_book).filter(breakdown="all", metric="roc_auc", subject="difference")
    cohorts = dict(
        compared(finished_book)
        .filter(breakdown="cohort")
        .group_by("snapshot_month")
        .agg(pl.col("segment").n_unique())
        .iter_rows()
    )
    for row in pooled.iter_rows(named=True):
        is_enough = cohorts.get(row["snapshot_month"], 0) >= 3 and row["n_bad"] >= 100
        assert (row["status"] == "ok") == is_enough
        if not is_enough:
            assert row["decision"] == "extend_observation"
    assert pooled.sort("snapshot_month")["status"].to_list()[-1] == "ok"


def test_every_month_tells_its_decision_numbers_and_picture_and_where_the_page_is(finished_book: BookFolders) -> None:
    with open_instance(finished_book.settings()) as instance:
        found = instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey(TABLE.split("/")), asset_partitions=[month_key(LAST)]), limit=1
        )
    materialization = found.records[0].asset_materialization
    assert materialization is not None
    metadata = materialization.metadata
    row = compared(finished_book).filter(pl.col("snapshot_month") == LAST).row(0, named=True)
    assert metadata[f"{CHALLENGER}_decision"].value == row["decision"]
    assert row["reasons"].split("\n")[0] in str(metadata[f"{CHALLENGER}_reasons"].value)
    for metric in ("roc_auc", "ks", "brier"):
        assert isinstance(metadata[f"{CHALLENGER}_{metric}_difference"].value, float)
    assert "data:image/svg+xml;base64," in str(metadata[f"{CHALLENGER}_difference_by_cohort"].value)
    page = finished_book.layout.report(PAGE)
    assert metadata["page"].value == str(page)
    assert f"<h1>Champion and challenger, {LAST:%Y-%m}</h1>" in page.read_text()


def test_a_month_built_again_reads_nothing_later_and_leaves_the_page_at_the_newest_month(
    book_copy: BookFolders,
) -> None:
    month = date(2024, 5, 1)
    before, page = table_bytes(book_copy, TABLE, month), book_copy.layout.report(PAGE).read_text()
    for table, last in (
        ("gold/label_store", month),
        *((f"prediction/{model}", add_months(month, -6)) for model in MODELS),
    ):
        for later in book_copy.lake.months(table):
            if later > last:
                book_copy.layout.month_file(table, later).unlink()
    book_copy.layout.month_file(TABLE, month).unlink()
    with open_instance(book_copy.settings()) as instance:
        assert book_copy.runner(instance).run("monitor_month", month, month, assets=[TABLE]).success
    assert table_bytes(book_copy, TABLE, month) == before
    # The page names the folder of nothing, so a copy's page is the same text.
    assert book_copy.layout.report(PAGE).read_text() == page


def test_every_other_model_challenges_the_champion_a_younger_one_on_fewer_cohorts(
    book_copy: BookFolders, tmp_path: Path
) -> None:
    """The third model is the second one under another name, whose first cohorts were never scored."""
    for folder in ("prediction/{}", "monitoring/{}/action"):
        shutil.copytree(
            book_copy.data_dir / folder.format(CHALLENGER), book_copy.data_dir / folder.format("young_challenger")
        )
    first_scored = date(2023, 11, 1)
    for cohort in book_copy.lake.months("prediction/young_challenger"):
        if cohort < first_scored:
            book_copy.layout.month_file("prediction/young_challenger", cohort).unlink()
    log = PromotionLog(book_copy.layout)
    for record in [record for record in log.records() if record.model == CHALLENGER]:
        log.append(replace(record, model="young_challenger"))
    policy = tmp_path / "policy"
    policy.mkdir()
    entry = "models: {young_challenger: {alias: model_3, algorithm: gradient_boosting, params: {}}}\n"
    text = (book_copy.policy_dir / "model_config.yaml").read_text()
    (policy / "model_config.yaml").write_text(f"{text}{entry}")
    book = replace(book_copy, policy_dir=policy)
    with open_instance(book.settings()) as instance:
        assert book.runner(instance).run("monitor_month", LAST, LAST, assets=[TABLE]).success
    table = compared(book).filter(pl.col("snapshot_month") == LAST)
    assert table["challenger"].unique().sort().to_list() == [CHALLENGER, "young_challenger"]
    figures = ["segment", "metric", "subject", "value", "ci_low", "ci_high", "n", "n_bad"]
    old, young = (
        table.filter(breakdown="cohort", challenger=model).select(figures) for model in (CHALLENGER, "young_challenger")
    )
    assert young.equals(old.filter(pl.col("segment") >= month_key(first_scored)))
    assert 0 < young.height < old.height
    page = book.layout.report(PAGE).read_text()
    assert "Young challenger against Scorecard, the champion" in page


def test_the_versions_in_force_are_compared_on_cohorts_that_earlier_ones_scored(book_copy: BookFolders) -> None:
    log = PromotionLog(book_copy.layout)
    *_, other = [record for record in log.records() if record.model == CHALLENGER]
    before = compared(book_copy).filter(pl.col("snapshot_month") == LAST)
    scored = book_copy.lake.scan(f"prediction/{CHALLENGER}", month_range(FIRST_SCORING, LAST)).collect()
    assert other.model_version not in scored["model_version"].unique()
    log.append(replace(other, actor="a person", promoted=True, effective_month=LAST), is_new=True)
    with open_instance(book_copy.settings()) as instance:
        assert book_copy.runner(instance).run("monitor_month", LAST, LAST, assets=[TABLE]).success
    table = compared(book_copy).filter(pl.col("snapshot_month") == LAST)
    assert f"version {other.model_version} of {CHALLENGER} with" in table.item(0, "reasons").split("\n")[-1]
    windows = book_copy.lake.versions.read(CHALLENGER, other.model_version).windows
    cohorts = [date.fromisoformat(cohort) for cohort in table.filter(breakdown="cohort")["segment"].unique()]
    assert [cohort for cohort in cohorts if windows.role_of(cohort) != "post"] == []
    assert len(cohorts) < before.filter(breakdown="cohort")["segment"].n_unique()


def ranks_of(book: BookFolders, model: str, loans: pl.DataFrame) -> pl.Series:
    name = version_in_force(PromotionLog(book.layout).records(), model, LAST)[0]
    assert name is not None
    return pl.Series(book.lake.versions.read(model, name).fitted(LOANS.load_policy().model).predict(loans)).rank()


def with_bads_the_challenger_finds_by_clickstream(book: BookFolders, cohort: date) -> None:
    """Write outcomes that the challenger ranks better than the champion, and worse if the clickstream is taken away."""
    lake, month = book.lake, add_months(cohort, 6)
    loans = lake.scan("gold/feature_store", [cohort]).collect()
    lit, dark = (
        ranks_of(book, CHALLENGER, rows) - ranks_of(book, CHAMPION, rows)
        for rows in (loans, without_source(loans, "clickstream", LOANS.features))
    )
    ranks = loans.select("loan_id").with_columns(rank=(lit - 0.7 * dark).rank("ordinal", descending=True))
    labels = (
        lake.scan("gold/label_store", [month]).collect().join(ranks, on="loan_id", how="left", maintain_order="left")
    )
    is_bad = (pl.col("rank") <= 40).fill_null(value=False).cast(labels.schema["label"])
    lake.write("gold/label_store", labels.with_columns(label=is_bad).drop("rank"), [month])


def test_a_challenger_that_lives_on_a_source_loses_once_the_newest_cohorts_lack_it(book_copy: BookFolders) -> None:
    lake, page = book_copy.lake, book_copy.layout.report(PAGE)
    at_last = compared(book_copy).filter(pl.col("snapshot_month") == LAST)
    cohorts = [parse_month(key) for key in at_last.filter(breakdown="cohort")["segment"].unique()]
    for cohort in cohorts:
        with_bads_the_challenger_finds_by_clickstream(book_copy, cohort)
    newest, found = month_range(add_months(max(cohorts), 1), LAST), list[pl.DataFrame]()
    with open_instance(book_copy.settings()) as instance:
        for is_dark in (False, True):
            for cohort in newest if is_dark else []:
                rows = lake.scan("gold/feature_store", [cohort]).collect()
                lake.write("gold/feature_store", without_source(rows, "clickstream", LOANS.features), [cohort])
            assert book_copy.runner(instance).run("monitor_month", LAST, LAST, assets=[TABLE]).success
            found.append(compared(book_copy).filter(pl.col("snapshot_month") == LAST))
            assert ("without sources that newer loans lack" in page.read_text()) == is_dark
    with_source, without = (table.item(0, "reasons").split("\n") for table in found)
    assert any("ranks better, beyond chance and by enough" in reason for reason in with_source)
    assert COMPARED_AS not in with_source[-1]
    assert found[1].item(0, "decision") == "reject"
    assert without[0].startswith("The challenger ranks worse, beyond chance")
    assert (
        f"loans {COMPARED_AS} {newest[0]:%Y-%m} to {LAST:%Y-%m} have sources: clickstream taken from 100% of them."
        in without[-1]
    )
    counted = [table.filter(breakdown="all", metric="roc_auc").select("subject", "n", "n_bad") for table in found]
    assert counted[0].equals(counted[1])
