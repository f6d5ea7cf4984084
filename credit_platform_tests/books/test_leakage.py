"""Nothing that is known later, and nothing protected, reaches a feature: for every kind of book."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from credit_platform.months import add_months, month_range
from credit_platform.portfolios.feature_set import FeatureInput
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = [pytest.mark.slow, *PREVIEW_ALLOWED]


def reach(book: BookFolders, one: FeatureInput) -> int | None:
    """Months an input is looked back on; None for all."""
    if one.reach == "history" or isinstance(one.reach, int):
        return None if one.reach == "history" else one.reach
    return 1 if one.reach == "month" else book.settings().policy.model.features.history_months(one.reach)


def test_features_follow_from_what_was_known_in_their_month(any_finished_book: BookFolders) -> None:
    book, features = any_finished_book, any_finished_book.kind.features
    for month in (book.axis().first_scoring, book.axis().first_training):
        silver = {}
        for one in features.inputs:
            n = reach(book, one)
            first = book.first if n is None else max(book.first, add_months(month, 1 - n))
            silver[one.table] = book.lake.scan(one.table, month_range(first, month))
        made = features.build(silver, book.settings().policy.model).collect()
        stored = book.lake.scan("gold/feature_store", [month]).collect()
        assert_frame_equal(made.select(stored.columns), stored, check_exact=True)


def test_no_feature_is_made_of_the_label_or_of_a_protected_column(any_finished_book: BookFolders) -> None:
    kind = any_finished_book.kind
    lineage = kind.features.lineage()["gold/feature_store"]
    read = {column for feature in kind.features.columns for _, column in lineage[feature]}
    protected = {"age", "birth_days", "gender", "family_status", "n_children", "n_family_members"}
    outcome = {"target", "dpd", "overdue_amount", "paid_amount", "balance_amount", "due_amount", "label"}
    of_the_cases = {
        column for feature in kind.features.columns for table, column in lineage[feature] if table == kind.cases.table
    }
    assert read & protected == set()
    assert of_the_cases & outcome == set()


def test_the_label_decides_the_month_of_a_case_and_nothing_else_of_it(
    small_home_credit: BookFolders, tmp_path: Path
) -> None:
    """Turning every third label round moves cases to other months, and changes no feature of any."""
    from credit_platform.assets.tables.bronze import sources
    from credit_platform.lake.raw.sources import read_source

    def features(book: BookFolders) -> pl.DataFrame:
        known = sources(book.kind, book.settings().policy.model)
        months = month_range(book.first, book.last)
        silver = {}
        for source in book.kind.sources:
            rows = read_source(book.layout, known[source.name], months).lazy()
            silver[f"silver/{source.table}"] = source.clean(rows, book.settings().policy.model, {}).rows
        return book.kind.features.build(silver, book.settings().policy.model).sort("application_id").collect()

    turned = small_home_credit.copy_raw_to(tmp_path)
    file = turned.raw_dir / "application_train.csv"
    rows = pl.read_csv(file, infer_schema=False)
    is_bad = (pl.col("TARGET") == "1") ^ (pl.int_range(pl.len()) % 3 == 0)
    rows.with_columns(TARGET=is_bad.cast(pl.Int8).cast(pl.String)).write_csv(file)
    before, after = features(small_home_credit), features(turned)
    assert not before["snapshot_month"].equals(after["snapshot_month"])
    assert_frame_equal(before.drop("snapshot_month"), after.drop("snapshot_month"), check_exact=True)
