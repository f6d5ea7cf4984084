"""`score` on a finished book: the numbers are the stored ones, and a bad row keeps the whole file out."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.versions.score import ScoringOrder, score_order
from credit_platform.errors import ModelStoreError, SettingsError, SourceError
from credit_platform.months import month_range
from credit_platform_tests.small_book import FIRST_SCORING, LAST, MODELS, BookFolders

MONTH = date(2024, 5, 1)


@pytest.fixture
def book(finished_book: BookFolders) -> Book:
    return Book.of(finished_book.settings())


def features(book: Book, *months: date) -> pl.DataFrame:
    return book.lake.scan("gold/feature_store", months).collect()


def scored(book: Book, order: ScoringOrder) -> pl.DataFrame:
    assert order.out is not None
    assert score_order(book, Console(file=StringIO()), order) == 0
    return pl.read_parquet(order.out)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("model", MODELS)
def test_every_scored_month_comes_out_of_a_file_as_it_is_stored(
    book: Book, tmp_path: Path, model: str, ending: str
) -> None:
    months = month_range(FIRST_SCORING, LAST)
    file = tmp_path / f"applications.{ending}"
    shuffled = features(book, *months).sample(fraction=1, shuffle=True, seed=1)
    shuffled.write_csv(file) if ending == "csv" else shuffled.write_parquet(file)
    again = scored(book, ScoringOrder(model, file, out=tmp_path / "out.parquet"))
    stored = book.lake.scan(f"prediction/{model}", months).collect().sort("snapshot_month", "loan_id")
    assert again.height == stored.height > 1000
    for column in ("raw_probability", "default_probability"):
        assert np.abs(again[column].to_numpy() - stored[column].to_numpy()).max() <= 1e-12
    # A text carries every digit, so the whole row is the stored one.
    assert again.equals(stored)


def test_a_month_of_the_feature_store_is_scored_in_place_of_a_file(
    book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = book.lake.layout.month_file(f"prediction/{MODELS[1]}", MONTH).read_bytes()
    order = ScoringOrder(MODELS[1], as_of=MONTH, out=tmp_path / "o.csv", is_dry_run=True)
    assert score_order(book, Console(), order, is_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    stored = book.lake.scan(f"prediction/{MODELS[1]}", [MONTH]).collect()
    assert report["loans"] == stored.height
    assert report["written_to"] is None
    assert not (tmp_path / "o.csv").exists()
    assert [row["default_probability"] for row in report["rows"]] == stored["default_probability"].to_list()
    assert book.lake.layout.month_file(f"prediction/{MODELS[1]}", MONTH).read_bytes() == before


def test_a_threshold_moves_the_decision_and_nothing_else(book: Book, tmp_path: Path) -> None:
    order = ScoringOrder(MODELS[0], as_of=MONTH, threshold=0.05, out=tmp_path / "strict.parquet")
    strict = scored(book, order)
    stored = book.lake.scan(f"prediction/{MODELS[0]}", [MONTH]).collect()
    assert strict.drop("decision").equals(stored.drop("decision"))
    assert (strict["decision"] == "decline").to_list() == (strict["default_probability"] >= 0.05).to_list()
    assert (strict["decision"] != stored["decision"]).any()


def test_one_bad_row_is_named_and_nothing_is_scored(finished_book: BookFolders, tmp_path: Path) -> None:
    rows = finished_book.lake.scan("gold/feature_store", [MONTH]).collect().cast(pl.String)
    loan = rows["loan_id"][2]
    file, out = tmp_path / "applications.csv", tmp_path / "out.csv"
    is_third = pl.int_range(pl.len()) == 2
    rows.with_columns(interest_rate=pl.when(is_third).then(pl.lit("n/a")).otherwise("interest_rate")).write_csv(file)
    refused = finished_book.verb("score", str(file), "--model", "model_1", "--out", str(out))
    assert refused.returncode == 1
    assert f"line 4 (loan {loan}): interest_rate does not read as Float64" in refused.stderr
    assert not out.exists()


def test_a_missing_column_is_never_made_up(book: Book, tmp_path: Path) -> None:
    file = tmp_path / "applications.csv"
    features(book, MONTH).drop("debt_to_salary").write_csv(file)
    with pytest.raises(SourceError, match="column debt_to_salary is missing"):
        score_order(book, Console(file=StringIO()), ScoringOrder(MODELS[0], file))
    features(book, MONTH).head(0).write_csv(file)
    with pytest.raises(SourceError, match="it holds no row"):
        score_order(book, Console(file=StringIO()), ScoringOrder(MODELS[0], file))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "either a file or a month"),
        ({"as_of": MONTH, "file": Path("x.csv")}, "either a file or a month"),
        ({"as_of": MONTH, "threshold": 1.0}, "--threshold"),
        ({"as_of": MONTH, "out": Path("o.xlsx")}, "does not end in .csv or .parquet"),
        ({"file": Path("o.xlsx")}, "does not end in .csv or .csv.gz or .parquet"),
    ],
)
def test_orders_that_make_no_sense_are_refused(book: Book, wrong: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        score_order(book, Console(file=StringIO()), ScoringOrder(MODELS[0], **wrong))  # type: ignore[arg-type]


def test_the_platform_s_own_tables_are_no_place_for_the_result(book: Book) -> None:
    out = book.lake.layout.month_file(f"prediction/{MODELS[0]}", MONTH)
    with pytest.raises(SettingsError, match="the platform's own tables"):
        score_order(book, Console(file=StringIO()), ScoringOrder(MODELS[0], as_of=MONTH, out=out))


def test_an_unknown_version_does_not_score(book: Book) -> None:
    with pytest.raises(ModelStoreError, match="not in the model store"):
        score_order(book, Console(file=StringIO()), ScoringOrder(MODELS[0], as_of=MONTH, version="2020-01-01-0"))
