"""`serve` on a finished book: raw rows scored over HTTP to the bits of the pipeline, and each decision shown again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import dagster as dg
import httpx
import polars as pl
import pytest

from credit_platform.checks.service_gates import ONLINE_CHECK
from credit_platform.cli.instance import open_instance
from credit_platform.lake.governance.online_decisions import segment_file
from credit_platform.lake.governance.promotions import PromotionLog, model_periods
from credit_platform.portfolios.tables import DECISIONS, ONLINE_DECISIONS
from credit_platform_tests.small_book import LAST, PREVIEW_ALLOWED, BookFolders, _inherited

pytestmark = PREVIEW_ALLOWED
SOURCES = ("features_attributes", "features_financials")
MADE_BY_THE_PLATFORM = {"snapshot_month", "source_file", "source_line"}


@contextmanager
def served(book: BookFolders) -> Iterator[httpx.Client]:
    """The verb in a process of its own, and a client of it; told to end afterwards."""
    program = Path(sys.executable).with_name("credit-platform")
    process = subprocess.Popen(
        [str(program), "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=_inherited() | book._variables(),
    )
    assert process.stderr is not None
    said: list[str] = [process.stderr.readline()]
    listener = Thread(target=said.extend, args=(process.stderr,))
    listener.start()
    try:
        port = json.loads(said[0])["port"]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client:
            yield client
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, said
    finally:
        process.kill()
        process.wait()
        listener.join()
        process.stderr.close()


def records_of(book: BookFolders) -> list[dict[str, object]]:
    """The loans of the newest month as applications: raw rows of two sources, the clickstream left to the lake."""
    loans = book.lake.scan("gold/feature_store", [LAST]).select("loan_id", "customer_id").collect()
    given = {}
    for source in SOURCES:
        rows = book.lake.scan(f"bronze/{source}", [LAST]).collect()
        columns = [name for name in rows.columns if name not in MADE_BY_THE_PLATFORM]
        given[source] = {row["Customer_ID"]: row for row in rows.select(columns).iter_rows(named=True)}
    return [
        {
            "loan_id": loan,
            "Customer_ID": customer,
            "snapshot_date": LAST.isoformat(),
            **{source: [rows[customer]] if customer in rows else [] for source, rows in given.items()},
        }
        for loan, customer in loans.iter_rows()
    ]


@pytest.fixture(scope="module")
def decided(
    finished_book: BookFolders, tmp_path_factory: pytest.TempPathFactory
) -> tuple[BookFolders, list[dict[str, object]]]:
    """A copy of a finished book, and the answers of all loans of its newest month, one by one and together."""
    book = finished_book.copy_to(tmp_path_factory.mktemp("served"))
    records = records_of(book)
    with served(book) as client:
        assert client.get("/ready").status_code == 200
        together = client.post("/v1/predict", json={"records": records})
        assert together.status_code == 200, together.text
        alone = [client.post("/v1/predict", json={"records": [record]}).json() for record in records[:5]]
    predictions = together.json()["predictions"]
    keys = ("loan_id", "default_probability", "score", "grade", "decision", "reasons", "model_version")
    for one, of_all in zip(alone, predictions, strict=False):
        assert {key: one["predictions"][0][key] for key in keys} == {key: of_all[key] for key in keys}
    return book, predictions


def test_raw_rows_are_scored_to_the_bits_of_the_pipeline(decided: tuple[BookFolders, list[dict[str, object]]]) -> None:
    book, predictions = decided
    champion = str(predictions[0]["model"])
    newest = model_periods(PromotionLog(book.layout).records(), champion)[-1].version
    stored = {row["loan_id"]: row for row in book.lake.scan(f"prediction/{champion}", [LAST]).collect().to_dicts()}
    assert (
        {one["model_version"] for one in predictions} == {newest} == {row["model_version"] for row in stored.values()}
    )
    assert len(predictions) == len(stored) > 50
    for one in predictions:
        row = stored[str(one["loan_id"])]
        for name in ("default_probability", "score", "grade", "decision", "sources_present"):
            assert one[name] == row[name], (name, one)


def test_a_decision_is_followed_to_the_same_score(decided: tuple[BookFolders, list[dict[str, object]]]) -> None:
    book, predictions = decided
    decision = str(predictions[7]["decision_id"])
    shown = book.verb("decision", decision)
    assert shown.returncode == 0, shown
    assert shown.stdout.count("the same score again") == 2
    told = json.loads(book.verb("decision", decision, "--json").stdout)
    assert told["faults"] == []
    assert told["decision"]["default_probability"] == predictions[7]["default_probability"]
    assert told["versions"][0]["again"]["default_probability"] == predictions[7]["default_probability"]
    assert all(version["n_months"] > 5 for version in told["versions"])
    verified = book.verb("decision", "verify")
    assert (verified.returncode, verified.stdout) == (0, "6 requests unbroken.\n")


def test_decisions_become_a_table_that_the_pipeline_agrees_with(
    decided: tuple[BookFolders, list[dict[str, object]]],
) -> None:
    book, predictions = decided
    with open_instance(book.settings()) as instance:
        assert book.runner(instance).run("score_month", LAST, LAST, assets=[ONLINE_DECISIONS]).success
        key = dg.AssetCheckKey(dg.AssetKey(ONLINE_DECISIONS.split("/")), ONLINE_CHECK)
        [record] = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
    assert record.event is not None
    check = record.event.asset_check_evaluation
    assert check is not None
    assert (check.passed, check.metadata["n_compared"].value) == (True, len(predictions)), check.description
    batch = book.lake.scan(DECISIONS, [LAST]).drop("provenance").collect()
    online = book.lake.scan(ONLINE_DECISIONS, [LAST]).collect()
    assert online.select(batch.columns).drop("sample_role").equals(batch.drop("sample_role"))
    assert sorted(online["n_decisions"], reverse=True)[4:7] == [2, 1, 1]
    asked_again = online.filter(pl.col("n_decisions") == 2)["decision_id"].to_list()
    assert not set(asked_again) & {one["decision_id"] for one in predictions}


def test_an_auditor_is_shown_what_was_changed(
    decided: tuple[BookFolders, list[dict[str, object]]], tmp_path: Path
) -> None:
    book = decided[0].copy_to(tmp_path)
    decision = str(decided[1][0]["decision_id"])
    file = segment_file(book.layout, decision.rsplit("-", 2)[0])
    content = file.read_bytes()
    probability = json.dumps(decided[1][0]["default_probability"]).encode()
    file.write_bytes(content.replace(probability, b"0.5", 1))
    shown = book.verb("decision", decision)
    assert shown.returncode == 1
    assert "WRONG: " in shown.stdout
    assert "default_probability is logged as 0.5, and made again it is" in shown.stdout
    assert book.verb("decision", "verify").returncode == 1
    file.write_bytes(content)
    kept = next(book.layout.model(str(decided[1][0]["model"])).glob("*/metadata.json"))
    kept.write_bytes(kept.read_bytes() + b" ")
    version = str(decided[1][0]["model_version"])
    if kept.parent.name == version:
        assert book.verb("decision", decision).returncode == 1


def test_a_decision_that_is_not_there_is_explained(finished_book: BookFolders) -> None:
    shown = finished_book.verb("decision", "nothing")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "An id is like" in shown.stderr


def test_keys_are_made_listed_and_revoked(book_copy: BookFolders) -> None:
    made = book_copy.verb("serve-key", "add", "bank", "--role", "read", "--requests-per-second", "5")
    assert made.stdout.startswith("cp_")
    listed = book_copy.verb("serve-key", "list")
    assert "bank" in listed.stdout
    assert made.stdout.strip() not in listed.stdout
    [told] = json.loads(book_copy.verb("serve-key", "list", "--json").stdout)
    assert (told["owner"], told["role"], told["requests_per_second"]) == ("bank", "read", 5)
    assert "sha256" not in told
    assert book_copy.verb("serve-key", "add", "bank").returncode == 1
    assert book_copy.verb("serve-key", "add", "x", "--role", "root").returncode == 2
    assert book_copy.verb("serve-key", "revoke", "bank").returncode == 0
    assert book_copy.verb("serve-key", "revoke", "bank").returncode == 1


def test_other_machines_are_not_served_without_keys(finished_book: BookFolders) -> None:
    refused = finished_book.verb("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - it is refused
    assert refused.returncode == 1
    assert "no key is configured. Make one (credit-platform serve-key add NAME --role score)" in refused.stderr
    assert finished_book.verb("serve", "--workers", "0").returncode == 2
