"""`explain` on a finished book: what it prints, that it is the stored prediction, and what it refuses."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.versions.explain import explain_case, explanation_lines, parts_table
from credit_platform.errors import CaseError, ModelStoreError, SettingsError
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.statistics.calibration import log_odds
from credit_platform_tests.small_book import FIRST_SCORING, LAST, MODELS, BookFolders

MONTH = date(2024, 5, 1)


def book_of(folders: BookFolders) -> Book:
    return Book.of(folders.settings())


def a_loan(folders: BookFolders, month: date = MONTH, place: int = 0) -> str:
    return str(folders.lake.scan("gold/feature_store", [month]).collect()["loan_id"][place])


def printed(renderable: object) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(renderable)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_both_models_explain_a_loan_whose_month_nobody_named(finished_book: BookFolders) -> None:
    loan = a_loan(finished_book)
    shown = finished_book.verb("explain", loan)
    assert shown.returncode == 0, shown
    assert shown.stdout.startswith(f"Loan {loan}, applied for in 2024-05\n")
    for model in MODELS:
        stored = finished_book.lake.scan(f"prediction/{model}", [MONTH]).filter(pl.col("loan_id") == loan).collect()
        row = stored.row(0, named=True)
        assert f"{model} (model_{1 + MODELS.index(model)}), version {row['model_version']}, live" in shown.stdout
        assert f"score {row['score']}, grade {row['grade']}, decision {row['decision']}" in shown.stdout
        assert row["reason_1"] is None or row["reason_1"] in shown.stdout
    assert shown.stdout.count("the same prediction to the last bit") == 2
    assert "Sources present: attributes+clickstream+financials" in shown.stdout
    n = finished_book.lake.scan("gold/feature_store", [MONTH]).collect().height
    assert f"of the {n} loans of the month have a lower score" in shown.stdout


def test_one_model_explains_itself_to_a_program(finished_book: BookFolders) -> None:
    told = finished_book.verb("explain", a_loan(finished_book), "--model", "model_2", "--json")
    assert told.returncode == 0, told
    report = json.loads(told.stdout)
    (model,) = report["models"]
    assert (report["snapshot_month"], model["model"], model["is_reproduced"]) == ("2024-05-01", MODELS[1], True)
    assert model["base_log_odds"] + sum(part["log_odds"] for part in model["parts"]) == pytest.approx(
        model["log_odds"], abs=1e-9
    )
    stored = log_odds(np.array([model["prediction"]["default_probability"]]))[0]
    assert model["log_odds"] == pytest.approx(stored, abs=1e-9)
    assert all({"code", "internal", "consumer"} <= set(reason) for reason in model["reasons"])


def test_the_points_shown_add_up_to_the_score_shown(finished_book: BookFolders) -> None:
    for place in range(12):
        for one in explain_case(book_of(finished_book), a_loan(finished_book, place=place), model=None).models:
            assert one.explanation is not None
            lines = printed(parts_table(one.explanation, LOANS.words)).splitlines()
            points = [
                float(found[1]) for line in lines if (found := re.search(r"([+-]\d+\.\d\d) +│(?: +-?\d* *│)?$", line))
            ]
            assert sum(points) == pytest.approx(one.explanation.prediction["score"], abs=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_the_parts_of_every_loan_of_the_book_add_up_to_its_score(finished_book: BookFolders, model: str) -> None:
    lake = finished_book.lake
    scored = lake.scan(f"prediction/{model}", month_range(FIRST_SCORING, LAST)).collect()
    features = lake.scan("gold/feature_store", month_range(FIRST_SCORING, LAST)).collect()
    for (version,), rows in scored.partition_by("model_version", as_dict=True).items():
        fitted = lake.versions.read(model, str(version)).fitted(LOANS.load_policy().model)
        loans = rows.select("loan_id").join(features, on="loan_id", how="left", maintain_order="left")
        parts = fitted.contributions(loans)
        sums = parts.base + parts.values.sum(axis=1)
        assert np.abs(sums - fitted.log_odds(loans)).max() <= 1e-9
        assert np.abs(sums - log_odds(rows["default_probability"].to_numpy())).max() <= 1e-9


def test_an_unknown_id_is_refused_with_ids_like_it(finished_book: BookFolders) -> None:
    loan = a_loan(finished_book)
    refused = finished_book.verb("explain", f"{loan}x")
    assert refused.returncode == 1
    assert f"Ids like it: {loan}," in refused.stderr
    assert "view gold.feature_store of" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_unknown_model_is_wrong_usage(finished_book: BookFolders) -> None:
    with pytest.raises(SettingsError, match=r"^--model: no model 'model_9'\. Choose one of scorecard \(model_1\)"):
        explain_case(book_of(finished_book), a_loan(finished_book), model="model_9")


def test_a_cohort_before_the_first_scored_one_is_said_to_be_for_training(finished_book: BookFolders) -> None:
    with pytest.raises(CaseError, match=r"applied for in 2023-02 and is not scored .* Scoring begins in 2023-06"):
        explain_case(book_of(finished_book), a_loan(finished_book, date(2023, 2, 1)), model=None)


def test_a_month_one_model_has_not_scored_is_said_beside_the_other(book_copy: BookFolders) -> None:
    book_copy.layout.month_file(f"prediction/{MODELS[0]}", MONTH).unlink()
    loan = a_loan(book_copy)
    found = explain_case(book_of(book_copy), loan, model=None)
    text = "".join(printed(line) for line in explanation_lines(found))
    assert (
        "scorecard (model_1): not scored. Run credit-platform backfill --from 2024-05 --to 2024-05 --job "
        "score_month." in text
    )
    assert "gradient_boosting (model_2), version" in text
    with pytest.raises(CaseError, match="not scored by scorecard"):
        explain_case(book_of(book_copy), loan, model="model_1")


def test_a_version_that_was_replaced_since_is_named_beside_the_one_that_scored(finished_book: BookFolders) -> None:
    found = explain_case(book_of(finished_book), a_loan(finished_book), model="model_2")
    later = replace(found, models=(replace(found.models[0], version_in_force="2024-04-01-other"),))
    said = "In force in that month is now 2024-04-01-other; the month was scored before that was decided."
    assert [said in "".join(map(printed, explanation_lines(one))) for one in (found, later)] == [False, True]


def test_a_book_without_features_says_what_to_run(small_book: BookFolders, tmp_path: Path) -> None:
    empty = BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir)
    refused = empty.verb("explain", "L1")
    assert refused.returncode == 1
    assert "Materialize gold/feature_store" in refused.stderr


@pytest.mark.parametrize("model", MODELS)
def test_a_prediction_that_is_not_the_versions_own_is_refused(book_copy: BookFolders, model: str) -> None:
    file = book_copy.layout.month_file(f"prediction/{model}", MONTH)
    key = "default_probability"
    metadata = pl.read_parquet_metadata(file)
    changed = pl.read_parquet(file).with_columns(pl.col(key) + 1e-15 + pl.col(key) * 1e-15)
    changed.write_parquet(file, metadata={k: v for k, v in metadata.items() if k.startswith("credit_platform")})
    with pytest.raises(CaseError, match=rf"prediction/{model} is not what .* default_probability was 0\.\d+ and is"):
        explain_case(book_of(book_copy), a_loan(book_copy), model=model)


def test_a_changed_policy_is_found_in_the_decision(book_copy: BookFolders, tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    text = (book_copy.policy_dir / "model_config.yaml").read_text()
    (tmp_path / "policy" / "model_config.yaml").write_text(
        text.replace("backfill_months: 7", "backfill_months: 7, cut_off: 0.000001")
    )
    approved = book_copy.lake.scan(f"prediction/{MODELS[1]}", [MONTH]).filter(pl.col("decision") == "approve").collect()
    settings = book_copy.settings().model_copy(update={"policy": LOANS.load_policy(tmp_path / "policy")})
    with pytest.raises(CaseError, match=r"decision was approve and is decline.*Features or policy have changed"):
        explain_case(Book.of(settings), str(approved["loan_id"][0]), model="model_2")


def test_a_tampered_version_explains_nothing(book_copy: BookFolders) -> None:
    loan = a_loan(book_copy)
    version = book_copy.lake.scan(f"prediction/{MODELS[1]}", [MONTH]).collect()["model_version"][0]
    file = book_copy.layout.model_version(MODELS[1], version) / "mean_contributions.json"
    file.write_bytes(file.read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(ModelStoreError, match=r"mean_contributions\.json has changed"):
        explain_case(book_of(book_copy), loan, model="model_2")
