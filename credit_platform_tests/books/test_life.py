"""The whole life of a small book of every kind: months, rows, checks, replay, and what nobody may see."""

from __future__ import annotations

import json

import dagster as dg
import polars as pl
import pytest

from credit_platform.assets.tables.bronze import sources
from credit_platform.cli.book import Book
from credit_platform.cli.replay.replay import ReplayVerdict, replay_month
from credit_platform.lake.raw.case_months import DatedByCase
from credit_platform.lake.raw.sources import source_files
from credit_platform.months import month_key, month_range
from credit_platform.portfolios.tables import tables_of
from credit_platform_tests.campaigns.data_folder import fingerprints
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = [pytest.mark.slow, *PREVIEW_ALLOWED]


def months(book: BookFolders) -> list[str]:
    return [month_key(month) for month in month_range(book.first, book.last)]


def test_every_table_has_every_month_it_can_have(any_finished_book: BookFolders) -> None:
    found = json.loads(any_finished_book.verb("status", "--json").stdout)
    assert {row["table"]: row["missing"] for row in found["tables"] if row["missing"]} == {}
    assert set(tables_of(any_finished_book.kind).shared) <= {row["table"] for row in found["tables"]}


def test_no_row_is_lost_between_files_and_tables(any_finished_book: BookFolders) -> None:
    lake, settings = any_finished_book.lake, any_finished_book.settings()
    known = sources(any_finished_book.kind, settings.policy.model, any_finished_book.first)
    balance = lake.scan("monitoring/row_balance", lake.months("monitoring/row_balance")).collect()
    kept = pl.col("rows_out") + pl.col("quarantined") + pl.col("duplicates_dropped")
    assert balance.filter(pl.col("rows_in") != kept).is_empty()
    for source in any_finished_book.kind.sources:
        delivered = sum(
            pl.scan_csv(file, infer_schema=False).select(pl.len()).collect().item()
            for file in source_files(any_finished_book.layout, known[source.name])
        )
        assert balance.filter(table=source.table)["rows_in"].sum() == delivered, source.name


def test_every_check_has_a_result_for_every_month_of_its_table(any_finished_book: BookFolders) -> None:
    with dg.DagsterInstance.from_config(str(any_finished_book.data_dir / ".dagster")) as instance:
        repository = Book.of(any_finished_book.settings()).repository()
        keys = list(repository.asset_graph.asset_check_keys)
        lacking = {}
        for key in keys:
            table = "/".join(key.asset_key.path)
            records = instance.event_log_storage.get_asset_check_execution_history(key, limit=500)
            seen = {
                found.partition
                for record in records
                if record.event is not None
                and record.event.dagster_event is not None
                and (found := record.event.dagster_event.asset_check_evaluation_data).passed is not None
            }
            due = {month_key(month) for month in any_finished_book.lake.months(table)} if "/" in table else set()
            if seen and due - seen:
                lacking[str(key)] = sorted(due - seen)
    assert len(keys) > 50
    assert lacking == {}


def test_a_month_is_made_again_bit_for_bit_and_nothing_is_written(any_finished_book: BookFolders) -> None:
    axis = any_finished_book.axis()
    before = fingerprints(any_finished_book.data_dir)
    models = tuple(any_finished_book.settings().policy.model.models)
    replay = replay_month(Book.of(any_finished_book.settings()), axis.first_training, models)
    assert fingerprints(any_finished_book.data_dir) == before
    assert {proof.verdict for found in replay.tables for proof in found.proofs} == {ReplayVerdict.EQUAL}
    assert (replay.is_sound, replay.lost, replay.unlogged) == (True, (), ())


def test_every_case_is_scored_once_by_every_model_and_explained(any_finished_book: BookFolders) -> None:
    lake, book = any_finished_book.lake, any_finished_book
    key = book.kind.cases.key
    cases = lake.scan("gold/feature_store", [book.last]).select(key).collect()
    for model in book.settings().policy.model.models:
        scored = lake.scan(f"prediction/{model}", [book.last]).collect()
        assert scored[key].sort().equals(cases[key].sort())
        assert scored["reason_1"].drop_nulls().is_in(list(_codes(book))).all()
    explained = book.verb("explain", str(cases[key][0]), "--json")
    found = json.loads(explained.stdout)
    assert [model["is_reproduced"] for model in found["models"]] == [True, True]


def _codes(book: BookFolders) -> set[str]:
    return {reason.code for reason in book.settings().policy.reasons.reasons.values()}


def test_months_that_were_drawn_say_so_in_the_reader(any_finished_book: BookFolders) -> None:
    from credit_platform.assets.tables.bronze import sources

    read = sources(any_finished_book.kind, any_finished_book.settings().policy.model)
    drawn = {name for name, source in read.items() if isinstance(source.dating, DatedByCase)}
    has_calendar = any_finished_book.kind.assigned_months is None
    assert drawn == (set() if has_calendar else set(read))
