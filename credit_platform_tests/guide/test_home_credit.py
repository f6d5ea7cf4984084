"""The page on Home Credit, performed: what replaces each command of the earlier project, on a small book."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import duckdb
import polars as pl
import pytest

from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.tables.catalog import refresh_datamart
from credit_platform.months import add_months
from credit_platform_tests.guide.pages import GUIDE, section
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = [pytest.mark.slow, *PREVIEW_ALLOWED]

PAGE = (GUIDE / "home-credit.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `([^`]+)` \| `(credit-platform [^`]+)` \|", re.MULTILINE)
ROWS = dict(_ROW.findall(section(PAGE, "The commands of the earlier project")))


@pytest.fixture
def book(finished_home_credit: BookFolders, tmp_path: Path) -> BookFolders:
    own = finished_home_credit.copy_to(tmp_path)
    refresh_datamart(own.layout)
    return own


def words(theirs: str, book: BookFolders) -> list[str]:
    """The arguments of our command, with the words in capitals filled in."""
    version = max(ModelStore(book.layout).versions("gradient_boosting"))
    filled = {
        "MONTH": f"{book.axis().first_training:%Y-%m}",
        "VERSION": version,
        "NAME": "R. Reviewer",
        "TEXT": "as the committee decided",
        "predictions.csv": str(book.data_dir / "predictions.csv"),
    }
    return [filled.get(word, word) for word in shlex.split(ROWS[theirs])[1:]]


def test_all_commands_of_the_earlier_project_have_a_row() -> None:
    assert [name.split()[0] for name in ROWS] == [
        "build_feature_store",
        "split_data",
        "train_baseline",
        "batch_predict",
        "promote_model",
        "dvc",
        "dvc",
    ]


@pytest.mark.parametrize("theirs", ROWS)
def test_what_replaces_a_command_ends_well(theirs: str, book: BookFolders) -> None:
    if theirs.startswith("promote_model"):
        # Of a book's one version there is nothing to promote: a second one is trained, and not promoted by itself.
        later = add_months(book.axis().first_training, 1)
        assert book.verb("train", "--model", "model_2", "--as-of", f"{later:%Y-%m}").returncode == 0
    ended = book.verb(*words(theirs, book))
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_batch_predictions_have_the_columns_the_page_names(book: BookFolders) -> None:
    assert book.verb(*words("batch_predict", book)).returncode == 0
    written = pl.read_csv(book.data_dir / "predictions.csv")
    scored = book.lake.scan("prediction/gradient_boosting", [book.axis().first_training]).collect()
    assert written.columns == ["application_id", "prediction", "probability"]
    assert written["prediction"].to_list() == (scored["decision"] == "decline").cast(pl.Int64).to_list()
    assert written["probability"].to_list() == pytest.approx(scored["default_probability"].to_list())


def test_the_samples_are_disjoint_stratified_and_those_of_the_training(book: BookFolders) -> None:
    with duckdb.connect(str(book.layout.datamart), read_only=True) as connection:
        samples = {
            name: connection.sql(f"select application_id, label from samples.{name}").pl()  # noqa: S608 - our own names
            for name in ("train", "validation", "test", "oot")
        }
    together = pl.concat(samples.values())
    assert together["application_id"].is_unique().all()
    rate = together["label"].mean()
    assert isinstance(rate, float)
    for sample in samples.values():
        mean = sample["label"].mean()
        assert isinstance(mean, float)
        assert abs(mean - rate) < 0.02
    months = book.lake.months("gold/label_store")
    assert together.height == sum(
        book.lake.scan("gold/label_store", [month]).collect().height
        for month in months
        if add_months(book.axis().first_training, -5) <= month <= book.axis().first_training
    )
