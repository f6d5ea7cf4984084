"""`score --source`: raw files come out as the pipeline stored them; rows at fault are named, refused or set aside."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.versions.score import ScoringOrder
from credit_platform.cli.versions.score_files import files_order, score_files
from credit_platform.errors import CreditPlatformError, SettingsError, SourceError
from credit_platform.portfolios.churn.config import MONTHS_BACK
from credit_platform.serving.application_files import ApplicationFiles, opened
from credit_platform_tests.serving.raw_applications import NUMBERS
from credit_platform_tests.small_book import BookFolders

ATTRIBUTES, FINANCIALS = "features_attributes", "features_financials"
# Which raw files say all that the lake does not know, by book; the first says which cases there are.
HANDED_IN = {
    "loans": (ATTRIBUTES, FINANCIALS),
    "home_credit": (
        *("application", "bureau", "bureau_balance", "previous_application"),
        *("installments_payments", "POS_CASH_balance", "credit_card_balance"),
    ),
    "churn": ("sales", "customers"),
}


@pytest.fixture
def book(finished_book: BookFolders) -> Book:
    return Book.of(finished_book.settings())


def raw_rows(book: Book, source: str) -> pl.DataFrame:
    """What was delivered of a source, of all months together; standing facts once, and no sales of long ago."""
    lake, known = book.lake, book.settings.portfolio.source(source)
    months = lake.months(f"bronze/{source}")
    newest = months[:1] if known.date is None else months[-MONTHS_BACK:] if source == "sales" else months
    rows = lake.scan(f"bronze/{source}", newest).collect()
    return rows.select(known.columns)


def files(book: Book, folder: Path, *sources: str) -> list[str]:
    for source in sources:
        raw_rows(book, source).write_csv(folder / f"{source}.csv")
    return [f"{source}={folder / source}.csv" for source in sources]


def score(book: Book, sources: list[str], by: ScoringOrder, set_aside: Path | None = None) -> str:
    said = StringIO()
    assert score_files(book, Console(file=said, width=300), files_order(sources, by, set_aside)) == 0
    return said.getvalue()


def test_every_scored_case_comes_out_of_raw_files_as_it_is_stored(
    any_finished_book: BookFolders, tmp_path: Path
) -> None:
    book = Book.of(any_finished_book.settings())
    portfolio, lake, out = book.settings.portfolio, book.lake, tmp_path / "out.parquet"
    month = lake.months("prediction/scorecard")[-1]
    # A book whose rows say their months needs no other word, and is scored whole.
    as_of = None if portfolio.name == "loans" else month
    sources = files(book, tmp_path, *HANDED_IN[portfolio.name])
    said = score(book, sources, ScoringOrder("scorecard", as_of=as_of, out=out), tmp_path / "aside.csv")
    months = lake.months("prediction/scorecard") if as_of is None else [month]
    stored, again = lake.scan("prediction/scorecard", months).collect(), pl.read_parquet(out)
    key = portfolio.cases.key
    both = stored.join(again, on=key, suffix="_again")
    quarantined = pl.read_csv(tmp_path / "aside.csv", infer_schema=False).filter(
        pl.col("rule") != f"is_a_{portfolio.cases.noun}"
    )
    assert both.height >= stored.height - quarantined.height > 0
    for name in (*NUMBERS, "model_version"):
        assert both[name].equals(both[f"{name}_again"].alias(name), null_equal=True), name
    assert set(again["provenance"]) == {"file"}
    assert "Written to" in said


def test_batches_of_any_size_hold_the_same(book: Book, tmp_path: Path) -> None:
    paths = dict(text.split("=") for text in files(book, tmp_path, ATTRIBUTES, FINANCIALS))
    order = ApplicationFiles({name: Path(path) for name, path in paths.items()})
    settings, found = book.settings, list[tuple[pl.DataFrame, pl.DataFrame]]()
    for at_once in (37, 100_000):
        with opened(order, book.lake, settings.portfolio, settings.policy, at_once=at_once) as (n, batches):
            parts = list(batches)
        assert sum(part.n_applications for part in parts) == n
        features = pl.concat(part.features for part in parts).sort("snapshot_month", "loan_id")
        found.append((features, pl.concat(part.faults for part in parts).sort(pl.all())))
    assert found[0][0].equals(found[1][0])
    assert found[0][1].equals(found[1][1])


@pytest.fixture
def spoilt(book: Book, tmp_path: Path) -> list[str]:
    """Files in which one customer has no readable date of the financials, and one no key."""
    sources = files(book, tmp_path, ATTRIBUTES, FINANCIALS)
    sound = raw_rows(book, FINANCIALS).head(50)
    place = pl.int_range(pl.len())
    sound.with_columns(
        snapshot_date=pl.when(place == 3).then(pl.lit("soon")).otherwise("snapshot_date"),
    ).write_csv(tmp_path / f"{FINANCIALS}.csv")
    customers = sound.select("Customer_ID")
    raw_rows(book, ATTRIBUTES).join(customers, on="Customer_ID", how="semi").write_csv(tmp_path / f"{ATTRIBUTES}.csv")
    return sources


def test_rows_at_fault_are_named_by_line_and_nothing_is_scored(book: Book, spoilt: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with pytest.raises(SourceError, match=r"features_financials line 5: snapshot_date: .*--set-aside FILE"):
        score(book, spoilt, ScoringOrder("scorecard", out=out))
    assert not out.exists()


def test_rows_at_fault_are_listed_and_the_others_scored_where_they_are_set_aside(
    book: Book, spoilt: list[str], tmp_path: Path
) -> None:
    out, aside = tmp_path / "out.jsonl", tmp_path / "aside.csv"
    said = score(book, spoilt, ScoringOrder("scorecard", out=out), aside)
    listed = pl.read_csv(aside)
    assert listed.select("line", "source", "column").rows() == [(5, FINANCIALS, "snapshot_date")]
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert f"{len(rows) + 1:,} loans: {len(rows)} scored" in said
    assert "1 set aside" in said
    assert rows[0]["provenance"] == "file"
    catalogue = book.settings.policy.reasons.by_code
    assert all(row["reason_1_text"] == catalogue[row["reason_1"]].consumer for row in rows if row["reason_1"])


def test_as_of_scores_one_month_of_dated_rows(book: Book, tmp_path: Path) -> None:
    month, out = book.lake.months("prediction/scorecard")[-1], tmp_path / "out.parquet"
    score(book, files(book, tmp_path, ATTRIBUTES, FINANCIALS), ScoringOrder("scorecard", as_of=month, out=out))
    assert set(pl.read_parquet(out)["snapshot_month"]) == {month}


def test_as_json_the_result_is_counted(book: Book, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    month = book.lake.months("prediction/scorecard")[-1]
    order = files_order(files(book, tmp_path, ATTRIBUTES), ScoringOrder("scorecard", as_of=month), None)
    assert score_files(book, Console(file=StringIO()), order, is_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["applications"] == told["scored"] > 0
    assert (told["set_aside"], told["faults"], told["written_to"]) == (0, 0, None)


@pytest.mark.parametrize(
    ("sources", "by", "message"),
    [
        (["features.csv"], ScoringOrder("scorecard"), "is not SOURCE=FILE"),
        (["a=1.csv", "a=2.csv"], ScoringOrder("scorecard"), "named twice"),
        ([f"{ATTRIBUTES}=a.csv"], ScoringOrder("scorecard", Path("b.csv")), "Score one of the two"),
        (["features_attribute=a.csv"], ScoringOrder("scorecard"), "no source is called"),
        ([f"{ATTRIBUTES}=a.xlsx"], ScoringOrder("scorecard"), "does not end in"),
        ([f"{ATTRIBUTES}=a.csv"], ScoringOrder("scorecard"), "a.csv"),
    ],
)
def test_an_order_without_sense_is_refused_with_its_fix(
    book: Book, sources: list[str], by: ScoringOrder, message: str
) -> None:
    with pytest.raises(CreditPlatformError, match=message):
        score(book, sources, by)


def test_where_rows_do_not_say_when_the_month_is_asked_for(finished_churn: BookFolders, tmp_path: Path) -> None:
    book = Book.of(finished_churn.settings())
    with pytest.raises(SettingsError, match="--as-of YYYY-MM"):
        score(book, files(book, tmp_path, "customers"), ScoringOrder("scorecard"))
