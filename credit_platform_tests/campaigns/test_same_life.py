from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from credit_platform_tests.campaigns.same_life.__main__ import main
from credit_platform_tests.campaigns.same_life.compare import compare
from credit_platform_tests.campaigns.same_life.declared import DECLARED, Accepted, Column, Declarations, Key, Word
from credit_platform_tests.campaigns.same_life.declared import Path as Moved
from credit_platform_tests.campaigns.same_life.differences import DIFFERENT, Comparison
from credit_platform_tests.campaigns.tiny_life import MONTHS, NEW_KEY, TinyLife

LABELS = f"gold/label_store/{MONTHS[0]}.parquet"


@pytest.fixture
def old(tmp_path: Path) -> TinyLife:
    return TinyLife(tmp_path / "old").live()


@pytest.fixture
def copy(old: TinyLife, tmp_path: Path) -> TinyLife:
    shutil.copytree(old.folder, tmp_path / "new")
    return replace(old, folder=tmp_path / "new")


@pytest.fixture
def renamed(tmp_path: Path) -> TinyLife:
    return TinyLife(tmp_path / "new", model=NEW_KEY, commit="b" * 40).live()


def compared(old: TinyLife, new: TinyLife, declared: Declarations = DECLARED) -> Comparison:
    return compare(old.folder, new.folder, declared)


def places(comparison: Comparison) -> set[tuple[str, str]]:
    return {(difference.file, difference.where) for difference in comparison.differences}


def rewritten(file: Path, *, was: str, now: str) -> None:
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, now))


def test_a_copy_differs_in_nothing(old: TinyLife, copy: TinyLife) -> None:
    assert compared(old, copy).differences == []
    assert main([str(old.folder), str(copy.folder)]) == 0


def test_a_changed_cell_is_found_with_its_row_and_its_hash(old: TinyLife, copy: TinyLife) -> None:
    changed = pl.read_parquet(copy.folder / LABELS).with_columns(label=pl.Series([0, 1, 1]))
    copy.write_month("gold/label_store", MONTHS[0], changed)
    comparison = compared(old, copy)
    assert (LABELS, "label") in places(comparison)
    found = next(each for each in comparison.differences if each.where == "label")
    assert (found.count, found.month, found.examples) == (1, "2024-01", ("row 2: 0 -> 1",))
    assert (LABELS, "its hash") in places(comparison)
    assert main([str(old.folder), str(copy.folder)]) == 1


Change = Callable[[pl.DataFrame], pl.DataFrame]
CHANGES: list[tuple[Change, str]] = [
    (lambda frame: frame.with_columns(pl.col("label").cast(pl.Int8)), "label"),
    (lambda frame: frame.with_columns(extra=1), "extra"),
    (lambda frame: frame.drop("label"), "label"),
    (lambda frame: frame.head(2), "rows"),
    (lambda frame: frame.reverse(), "order of rows"),
    (lambda frame: frame.select("label", "loan_id"), "order of columns"),
    (lambda frame: frame.with_columns(pl.col("loan_id").fill_null("")), "loan_id"),
]


@pytest.mark.parametrize(("change", "where"), CHANGES)
def test_every_kind_of_change_of_a_table_is_named(old: TinyLife, copy: TinyLife, change: Change, where: str) -> None:
    copy.write_month("gold/label_store", MONTHS[0], change(pl.read_parquet(copy.folder / LABELS)))
    assert (LABELS, where) in places(compared(old, copy))


def test_the_same_rows_in_other_bytes_are_found(old: TinyLife, copy: TinyLife) -> None:
    frame = pl.read_parquet(copy.folder / LABELS)
    frame.write_parquet(copy.folder / LABELS, compression="snappy")
    assert (LABELS, "bytes") in places(compared(old, copy))
    frame.write_parquet(copy.folder / LABELS, metadata={"schema": "1"})
    assert (LABELS, "metadata of the file") in places(compared(old, copy))


def test_a_missing_month_and_an_extra_file_are_found(old: TinyLife, copy: TinyLife) -> None:
    (copy.folder / LABELS).unlink()
    copy.write("reports/more.txt", b"more")
    assert {(LABELS, "whole file"), ("reports/more.txt", "whole file")} <= places(compared(old, copy))


def test_a_renamed_model_is_accepted_with_every_hash_that_follows(old: TinyLife, renamed: TinyLife) -> None:
    assert old.version.name != renamed.version.name
    comparison = compared(old, renamed)
    assert comparison.differences == []
    assert all(state != DIFFERENT for _, state, _ in comparison.states)
    assert any("scorecard" in entry and n for entry, n in comparison.in_effect.items())


def test_a_renamed_model_is_not_accepted_where_nothing_declares_it(old: TinyLife, renamed: TinyLife) -> None:
    comparison = compared(old, renamed, replace(DECLARED, models=()))
    assert any(where == "whole file" for _, where in places(comparison))


def test_an_old_key_that_stayed_somewhere_is_found(old: TinyLife, renamed: TinyLife) -> None:
    rewritten(renamed.folder / "reports/page.html", was='"scorecard"', now='"logistic_regression"')
    assert places(compared(old, renamed)) == {("reports/page.html", "figure scores.data[0].name")}


def test_a_changed_coefficient_is_found_in_a_renamed_model(old: TinyLife, tmp_path: Path) -> None:
    new = TinyLife(tmp_path / "new", model=NEW_KEY, coefficient=0.25000000000000006).live()
    assert {where for file, where in places(compared(old, new)) if file.endswith("/model.json")} == {"weights[0]"}


@pytest.mark.parametrize(
    ("file", "was", "now"),
    [
        ("audit/audit.jsonl", '"previous_sha256": "0', '"previous_sha256": "1'),
        ("audit/audit_head.json", '"sha256": "', '"sha256": "f'),
        ("version/manifest.json", '"manifest_sha256": "', '"manifest_sha256": "f'),
        ("version/manifest.json", '"model.json": "', '"model.json": "f'),
        ("audit/editions.jsonl", '"2024-01-01": "', '"2024-01-01": "f'),
        ("audit/audit.jsonl", '"manifest_sha256": "', '"manifest_sha256": "f'),
    ],
)
def test_a_hash_that_is_not_derived_is_found(old: TinyLife, renamed: TinyLife, file: str, was: str, now: str) -> None:
    path = renamed.version / "manifest.json" if file.startswith("version") else renamed.folder / file
    rewritten(path, was=was, now=now)
    found = compared(old, renamed).differences
    assert any("not derived" in example for difference in found for example in difference.examples)


def test_a_policy_that_is_not_the_one_of_its_name_is_found(old: TinyLife, renamed: TinyLife) -> None:
    policy = next((renamed.folder / "archive/policy").iterdir())
    policy.write_text(json.dumps({"model": {"models": {NEW_KEY: {"alias": "model_2"}}}}))
    found = places(compared(old, renamed))
    assert {where for file, where in found if file.endswith(policy.name)} == {
        "its name",
        f"model.models.{NEW_KEY}.alias",
    }


def test_figures_texts_and_markup_of_a_page_are_told_apart(old: TinyLife, copy: TinyLife) -> None:
    page = copy.folder / "reports/page.html"
    rewritten(page, was="0.2]", now="0.3]")
    rewritten(page, was="Commit", now="Made by")
    rewritten(page, was="<p>", now="<p class='soft'>")
    wanted = {"figure scores.data[0].y[1]", "text", "markup"}
    assert places(compared(old, copy)) == {("reports/page.html", where) for where in wanted}


def test_declared_names_of_tables_columns_keys_and_words_are_accepted(old: TinyLife, copy: TinyLife) -> None:
    for table in (old, copy):
        (table.folder / "audit/editions.jsonl").unlink()
    for month in MONTHS:
        frame = pl.read_parquet(copy.folder / f"gold/label_store/{month}.parquet")
        copy.write_month("gold/outcomes", month, frame.rename({"label": "outcome"}))
    shutil.rmtree(copy.folder / "gold/label_store")
    old.write("reports/notes.json", b'{"signs": {"text": "three signs"}}')
    copy.write("reports/notes.json", b'{"detections": {"text": "three detections"}}')
    assert places(compared(old, copy)) != set()
    declared = replace(
        DECLARED,
        paths=(Moved("gold/label_store", "gold/outcomes", "plainer"),),
        columns=(Column("label", "outcome", "plainer", within="gold/outcomes/*"),),
        keys=(Key("signs", "detections", "plainer"),),
        words=(Word("three signs", "three detections", "plainer", within="reports/*"),),
    )
    comparison = compared(old, copy, declared)
    assert comparison.differences == []
    assert len([n for n in comparison.in_effect.values() if n]) == 4


def test_a_log_with_another_name_and_other_keys_still_says_which_files_belong_together(
    old: TinyLife, renamed: TinyLife
) -> None:
    log = renamed.folder / "audit/editions.jsonl"
    rewritten(log, was='"table":', now='"name":')
    log.rename(log.with_name("table_versions.jsonl"))
    assert places(compared(old, renamed)) != set()
    declared = replace(
        DECLARED,
        paths=(Moved(r"audit/editions\.jsonl", "audit/table_versions.jsonl", "plainer"),),
        keys=(Key("table", "name", "plainer", within="audit/table_versions.jsonl"),),
    )
    assert compared(old, renamed, declared).differences == []


def test_an_accepted_difference_is_listed_with_its_cause(old: TinyLife, copy: TinyLife) -> None:
    rewritten(copy.folder / "reports/page.html", was="Commit", now="Made by")
    declared = replace(DECLARED, accepted=(Accepted("reports/*.html", "text", "the words are plainer"),))
    comparison = compared(old, copy, declared)
    assert comparison.differences == []
    assert [cause for _, cause in comparison.accepted] == ["the words are plainer"]


def test_a_picture_may_differ_where_a_model_has_another_name_and_nowhere_else(
    old: TinyLife, copy: TinyLife, tmp_path: Path
) -> None:
    old.write("reports/charts/roc_auc.png", b"Logistic regression")
    copy.write("reports/charts/roc_auc.png", b"Scorecard")
    assert places(compared(old, copy)) == {("reports/charts/roc_auc.png", "bytes")}
    renamed = TinyLife(tmp_path / "renamed", model=NEW_KEY).live()
    renamed.write("reports/charts/roc_auc.png", b"Scorecard")
    assert compared(old, renamed).differences == []


def test_run_ids_and_lock_files_are_left_out_by_declaration(old: TinyLife, copy: TinyLife) -> None:
    copy.write(".dagster/storage/x.db", b"1")
    copy.write("reports/.page.html.lock", b"")
    comparison = compared(old, copy)
    assert comparison.differences == []
    assert sum(comparison.left_out.values()) == 1
