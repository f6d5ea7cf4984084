"""Training as of a month: what is read when, what the held-out cohorts can change, and which windows apply."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

import polars as pl
import pytest

from credit_platform.assets.models import training
from credit_platform.assets.models.training import is_triggered, read_cohorts, train_as_of
from credit_platform.errors import MissingMonthsError, WindowError
from credit_platform.lake.governance.audit import AuditLog, Entry
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.policy.load import Policy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform_tests.small_book import FIRST_TRAINING, MODELS, WITHOUT_PICTURES, BookFolders

# The windows of the first training: train 2023-01..04, validation 05, test 06, out of time 07.
TEST, OOT = date(2023, 6, 1), date(2023, 7, 1)
UNSEEN = {TEST, OOT}


@pytest.fixture
def untrained(book_copy: BookFolders) -> BookFolders:
    """The book as it was before its first training."""
    book_copy.forget_decisions()
    return book_copy


@pytest.mark.parametrize("model", MODELS)
def test_held_out_cohorts_are_read_only_after_the_model_is_final(
    untrained: BookFolders, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    scan, fit = Lake.scan, training.fit_version

    def watched_scan(lake: Lake, table: str, months: Sequence[date]) -> pl.LazyFrame:
        if table.startswith("silver/"):
            events.append("history of a source")
            return scan(lake, table, months)
        cohorts = [add_months(month, -6) for month in months] if table == "gold/label_store" else months
        events.extend("held out" if cohort in UNSEEN else "development" for cohort in cohorts)
        assert table in {"gold/feature_store", "gold/label_store", f"monitoring/{model}/action"}
        return scan(lake, table, months)

    def watched_fit(*arguments: object, portfolio: Portfolio) -> object:
        fitted = fit(*arguments, portfolio=portfolio)  # pyrefly: ignore[bad-argument-type]
        events.append("final")
        return fitted

    monkeypatch.setattr(Lake, "scan", watched_scan)
    monkeypatch.setattr(training, "fit_version", watched_fit)
    policy = LOANS.load_policy(untrained.policy_dir)
    train_as_of(untrained.lake, model, FIRST_TRAINING, policy)
    final = events.index("final")
    assert set(events[:final]) == {"development"}
    assert set(events[final + 1 :]) == {"held out", "history of a source", "development"}


def shuffled(lake: Lake, table: str, month: date, columns: Sequence[str], seed: int) -> None:
    """Give every loan of a month another loan's columns."""
    rows = lake.scan(table, [month]).collect()
    others = rows.select(columns).sample(fraction=1, shuffle=True, with_replacement=False, seed=seed)
    lake.write(table, rows.with_columns(others), [month])


def tuned_on_few(folders: BookFolders) -> Policy:
    """The book's policy, with a tuning that does not mind how small its validation sample is."""
    policy = LOANS.load_policy(folders.policy_dir)
    spec = policy.model.models["gradient_boosting"]
    assert spec.tuning is not None
    eager = spec.model_copy(update={"tuning": spec.tuning.model_copy(update={"trials": 3, "min_validation_bads": 10})})
    models = {**policy.model.models, "gradient_boosting": eager}
    return replace(policy, model=policy.model.model_copy(update={"models": models}))


@pytest.mark.parametrize("model", MODELS)
def test_other_held_out_loans_and_labels_change_the_judgement_and_not_one_byte_of_the_model(
    untrained: BookFolders, model: str
) -> None:
    lake, store, policy = untrained.lake, ModelStore(untrained.layout), tuned_on_few(untrained)
    before = train_as_of(lake, model, FIRST_TRAINING, policy)
    assert len(before.tuning.trials) == (3 if model == "gradient_boosting" else 1)
    for cohort in UNSEEN:
        shuffled(lake, "gold/label_store", add_months(cohort, 6), ["label"], seed=1)
        shuffled(lake, "gold/feature_store", cohort, LOANS.features.columns, seed=2)
    after = train_as_of(lake, model, FIRST_TRAINING, policy)
    assert after.tuning == before.tuning
    old, new = (store.load(model, outcome.model_version) for outcome in (before, after))
    assert {name for name in old if old[name] != new[name]} == {"evaluation.json", "metadata.json"}
    aucs = [lake.versions.read(model, outcome.model_version).metadata.roc_auc("oot") for outcome in (before, after)]
    assert aucs[0] != aucs[1]


def test_before_the_windows_fit_training_says_which_months_are_missing(untrained: BookFolders) -> None:
    policy = LOANS.load_policy(untrained.policy_dir)
    with pytest.raises((MissingMonthsError, WindowError), match="2022-12"):
        train_as_of(untrained.lake, MODELS[0], add_months(FIRST_TRAINING, -1), policy)


def test_labels_are_read_where_they_matured(finished_book: BookFolders) -> None:
    cohorts = month_range(date(2023, 1, 1), date(2023, 2, 1))
    sample = read_cohorts(finished_book.lake, cohorts, LOANS.load_policy().model.label)
    assert set(sample["snapshot_month"]) == set(cohorts)
    matured = [add_months(cohort, 6) for cohort in cohorts]
    labels = finished_book.lake.scan("gold/label_store", matured).collect()
    assert sample.sort("loan_id")["label"].to_list() == labels.sort("loan_id")["label"].to_list()
    assert sample["label"].null_count() == 0


@pytest.mark.parametrize(
    ("action", "actionable", "expected"),
    [("retrain", True, True), ("retrain", False, False), ("active_monitoring", True, False)],
)
def test_only_an_actionable_retrain_triggers(
    book_copy: BookFolders, action: str, *, actionable: bool, expected: bool
) -> None:
    month, table = date(2024, 3, 1), "monitoring/gradient_boosting/action"
    row = book_copy.lake.scan(table, [month]).collect()
    book_copy.lake.write(table, row.with_columns(action=pl.lit(action), actionable=pl.lit(actionable)), [month])
    assert is_triggered(book_copy.lake, "gradient_boosting", month) is expected
    assert not is_triggered(book_copy.lake, "gradient_boosting", date(2030, 1, 1))


def test_a_breach_leads_to_a_training_on_short_windows_that_takes_effect_next_month(book_copy: BookFolders) -> None:
    policy_dir = book_copy.data_dir.parent / "policy"
    policy_dir.mkdir()
    text = (book_copy.policy_dir / "model_config.yaml").read_text()
    (policy_dir / "model_config.yaml").write_text(text)
    never_met = "metrics: {roc_auc: {priority: P0, business_threshold: 0.9999, data_science_threshold: 1.0}}"
    (policy_dir / "monitoring_thresholds.yaml").write_text(f"{WITHOUT_PICTURES}{never_met}")
    strict = BookFolders(book_copy.data_dir, book_copy.raw_dir, policy_dir)
    month = date(2024, 3, 1)
    ended = strict.verb("backfill", "--from", "2024-03", "--to", "2024-03")
    assert ended.returncode == 0, ended
    for model in MODELS:
        action = strict.lake.scan(f"monitoring/{model}/action", [month]).collect().row(0, named=True)
        assert (action["action"], action["actionable"]) == ("retrain", True)
        assert "0.9999" in action["reasons"]
        (record,) = [r for r in PromotionLog(strict.layout).records() if (r.model, r.as_of) == (model, month)]
        assert record.effective_month == date(2024, 4, 1)
        metadata = json.loads(ModelStore(strict.layout).load(model, record.model_version)["metadata.json"])
        assert metadata["windows"] == {
            "kind": "triggered",
            "train": ["2023-05-01", "2023-06-01"],
            "validation": ["2023-07-01"],
            "test": ["2023-08-01"],
            "oot": ["2023-09-01"],
        }


@pytest.mark.parametrize("model", MODELS)
def test_the_manifest_says_what_a_version_was_made_of(finished_book: BookFolders, model: str) -> None:
    store, lake = ModelStore(finished_book.layout), finished_book.lake
    record = next(r for r in PromotionLog(finished_book.layout).records() if r.model == model)
    manifest, files = store.verified(model, record.model_version)
    metadata = json.loads(files["metadata.json"])
    cohorts = [date(2023, month, 1) for month in range(1, 8)]
    for table, lag in (("gold/feature_store", 0), ("gold/label_store", 6)):
        files = {add_months(cohort, lag): lake.layout.month_file(table, add_months(cohort, lag)) for cohort in cohorts}
        hashes = {f"{month}": hashlib.sha256(file.read_bytes()).hexdigest() for month, file in files.items()}
        assert manifest["data_sha256"][table] == hashes  # pyrefly: ignore[bad-index]
    assert manifest["policy_sha256"] == LOANS.load_policy(finished_book.policy_dir).sha256
    assert manifest["seeds"] == {"random_seed": 42}
    for same in ("windows", "samples", "libraries"):
        assert manifest[same] == metadata[same]
    assert len(str(manifest["git_commit"])) in {40, len("unknown")}
    assert manifest["git_dirty"] in {True, False, None}


@pytest.mark.parametrize("model", MODELS)
def test_a_version_starts_as_candidate_and_is_made_candidate_when_no_gate_fails(
    finished_book: BookFolders, model: str
) -> None:
    entries = [record.entry for record in AuditLog(finished_book.layout).records() if record.entry.model == model]
    decided = [record for record in PromotionLog(finished_book.layout).records() if record.model == model]
    for record in decided:
        actions = [entry.action for entry in entries if entry.model_version == record.model_version]
        passed = "No gate failed." in record.reasons
        outcome = "promoted" if record.promoted else "not_promoted"
        assert actions == ["registered", *(["made_candidate"] if passed else []), outcome]


@pytest.mark.parametrize("action", ["retired", "rolled_back"])
def test_a_version_that_a_person_took_out_is_not_promoted_by_training_it_again(
    book_copy: BookFolders, action: Literal["retired", "rolled_back"]
) -> None:
    model, policy, log = MODELS[0], LOANS.load_policy(book_copy.policy_dir), AuditLog(book_copy.layout)
    records = [r for r in PromotionLog(book_copy.layout).records() if r.model == model]
    out = records[0].model_version
    subject = out if action == "retired" else records[1].model_version
    details = {"as_of": "2024-04-01", "scored_until": "2024-08-01"}
    log.append(Entry(action, model, subject, "Ann", ("It drifts.",), date(2024, 2, 1), details=details))
    outcome = train_as_of(book_copy.lake, model, FIRST_TRAINING, policy)
    assert outcome.model_version == out
    assert not outcome.decision.promote
    assert "no rule takes it up again" in outcome.decision.reasons[-1]
    n_records = len(log.records())
    train_as_of(book_copy.lake, model, FIRST_TRAINING, policy)
    assert len(log.records()) == n_records


def test_the_metadata_says_which_sources_were_there_for_all_alike(untrained: BookFolders) -> None:
    lake, policy = untrained.lake, LOANS.load_policy(untrained.policy_dir)
    version = train_as_of(lake, MODELS[0], FIRST_TRAINING, policy).model_version
    stored = json.loads(ModelStore(lake.layout).load(MODELS[0], version)["metadata.json"])["availability"]
    status = {source: found["status"] for source, found in stored.items()}
    unknown = dict.fromkeys(("features_attributes", "features_financials"), "unknown")
    assert status == {"feature_clickstream": "passed", **unknown}
    assert all(found["reason"] for found in stored.values())
    assert lake.versions.read(MODELS[0], version).metadata.failed_sources == ()


def test_a_source_that_only_labelled_customers_have_fails_and_stops_nothing(untrained: BookFolders) -> None:
    lake, policy = untrained.lake, LOANS.load_policy(untrained.policy_dir)
    cohorts = lake.scan("gold/feature_store", month_range(date(2023, 1, 1), OOT)).select("customer_id")
    for month in month_range(date(2023, 1, 1), FIRST_TRAINING):
        rows = lake.scan("silver/customer_clickstream", [month])
        lake.write("silver/customer_clickstream", rows.join(cohorts, on="customer_id", how="semi").collect(), [month])
    outcome = train_as_of(lake, MODELS[0], FIRST_TRAINING, policy)
    metadata = lake.versions.read(MODELS[0], outcome.model_version).metadata
    assert metadata.failed_sources == ("feature_clickstream",)
    assert outcome.decision.promote
