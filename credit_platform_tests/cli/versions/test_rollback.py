"""Rollback and its drill: what is tried before anything moves, what moves, and what is scored again."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.cli.versions.promotion import Person
from credit_platform.cli.versions.rollback import drill_rollback, drill_table, roll_back
from credit_platform.cli.versions.version_status import ModelVersions
from credit_platform.errors import LifeCycleError, ModelStoreError
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.portfolios.tables import DECISIONS
from credit_platform_tests.campaigns.data_folder import fingerprints
from credit_platform_tests.cli.versions.decided_book import SCORED, DecidedBook, no_pages
from credit_platform_tests.small_book import LAST, MODELS, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
BOB = Person("Bob", ("Its scores drift.",))


@pytest.fixture
def decided(book_copy: BookFolders, monkeypatch: pytest.MonkeyPatch) -> DecidedBook:
    # Drawing pages takes longer than going back; test_pages does it.
    monkeypatch.setattr("credit_platform.cli.versions.rollback.redraw_pages", no_pages)
    return DecidedBook(book_copy)


def go_back(decided: DecidedBook, to: str | None = None, first: date | None = None) -> int:
    return roll_back(decided.book, decided.console, model=decided.model, to=to, first=first, person=BOB)


def in_force(decided: DecidedBook, month: int) -> tuple[str, str]:
    records = PromotionLog(decided.folders.layout).records()
    return version_in_force(records, decided.model, date(2024, month, 1))


def test_a_rollback_brings_the_version_before_back_and_scores_its_open_cohorts_again(decided: DecidedBook) -> None:
    first, other, earlier = decided.versions[0], decided.bytes_of(MODELS[1]), decided.bytes_of(MODELS[0])
    assert go_back(decided) == 0
    # The second version was in force from 2024-05 on; outcomes are known up to the cohort of 2024-02.
    assert {decided.scored_by(date(2024, month, 1)) for month in (5, 6, 7, 8)} == {(first, "rollback")}
    assert [in_force(decided, month) for month in (4, 5, 8, 9)] == [
        (first, "live"),
        (first, "rollback"),
        (first, "rollback"),
        (first, "live"),
    ]
    entry = decided.last_record.entry
    assert (entry.action, entry.actor, entry.effective_month) == ("rolled_back", "Bob", date(2024, 5, 1))
    assert (entry.before, entry.after, entry.reasons) == (decided.versions[1], first, BOB.reasons)
    assert decided.bytes_of(MODELS[1]) == other
    untouched = [month for month in earlier if month < "2024-05-01"]
    assert {month: decided.bytes_of(MODELS[0])[month] for month in untouched} == {m: earlier[m] for m in untouched}
    standing = ModelVersions(decided.book, decided.model)
    assert [standing.roles[version] for version in decided.versions] == ["in force", "retired", "candidate"]
    assert "rolled back from version" in decided.printed.getvalue()
    # The model is champion, so what it says now is decided.
    lake = decided.folders.lake
    assert lake.scan(DECISIONS, SCORED).collect().equals(lake.scan(f"prediction/{MODELS[0]}", SCORED).collect())


def test_a_rollback_of_a_challenger_decides_nothing(decided: DecidedBook) -> None:
    decided.model, before = MODELS[1], decided.folders.lake.scan(DECISIONS, SCORED).collect()
    assert go_back(decided) == 0
    assert decided.scored_by(date(2024, 8, 1))[1] == "rollback"
    assert decided.folders.lake.scan(DECISIONS, SCORED).collect().equals(before)


def test_a_rollback_takes_a_promotion_back_that_has_not_taken_effect(decided: DecidedBook) -> None:
    record = PromotionLog(decided.folders.layout).records()[0]
    planned = date(2024, 9, 1)
    promotion = type(record)(decided.model, decided.versions[2], date(2024, 7, 1), planned, True, "Ann", ("Try.",))  # noqa: FBT003
    PromotionLog(decided.folders.layout).append(promotion)
    before = decided.bytes_of(decided.model)
    assert in_force(decided, 9)[0] == decided.versions[2]
    drill = drill_rollback(decided.book, decided.model)
    assert (drill.failure, drill.steps[-1].name) == (None, "score the newest month")
    assert go_back(decided) == 0
    assert [in_force(decided, month)[0] for month in (8, 9, 12)] == [decided.versions[1]] * 3
    assert decided.bytes_of(decided.model) == before
    assert ModelVersions(decided.book, decided.model).roles[decided.versions[2]] == "retired"


def test_a_second_rollback_does_not_go_forward_again_unless_it_is_told_to(decided: DecidedBook) -> None:
    go_back(decided, first=date(2024, 9, 1))
    with pytest.raises(LifeCycleError, match=r"no other version was in force before it.*--to"):
        go_back(decided, first=date(2024, 9, 1))
    assert go_back(decided, to=decided.versions[1], first=date(2024, 9, 1)) == 0
    assert in_force(decided, 9)[0] == decided.versions[1]


@pytest.mark.parametrize(
    ("place", "first", "said"),
    [
        (0, date(2024, 2, 1), "outcome of the cohort of 2024-02 is known; its scores stay.*--from 2024-03"),
        (2, None, "trained as of 2024-07.*Say --from 2024-08"),
        (1, date(2024, 6, 1), "it is in force from 2024-06 on. Name another with --to"),
    ],
)
def test_a_rollback_that_cannot_be_is_refused_and_moves_nothing(
    decided: DecidedBook, place: int, first: date | None, said: str
) -> None:
    before = fingerprints(decided.folders.data_dir)
    with pytest.raises(LifeCycleError, match=said):
        go_back(decided, decided.versions[place], first)
    assert fingerprints(decided.folders.data_dir) == before


def damage(decided: DecidedBook) -> str:
    folder = decided.folders.layout.model_version(decided.model, decided.versions[0])
    (folder / "preprocessing.json").write_bytes(b"{}")
    return r"preprocessing\.json has changed"


def lose_a_column(decided: DecidedBook) -> str:
    file = decided.folders.layout.month_file("gold/feature_store", LAST)
    frame = pl.read_parquet(file).drop("interest_rate")
    frame.write_parquet(file, metadata=dict(pl.read_parquet_metadata(file)))
    return "interest_rate"


@pytest.mark.parametrize("harm", [damage, lose_a_column])
def test_a_version_that_is_damaged_or_cannot_score_is_found_before_anything_moves(
    decided: DecidedBook, harm: object
) -> None:
    said = harm(decided)  # pyrefly: ignore[not-callable]
    before = fingerprints(decided.folders.data_dir)
    with pytest.raises(ModelStoreError, match=said):
        go_back(decided)
    drill = drill_rollback(decided.book, decided.model)
    assert drill.failure is not None
    assert drill.steps[-1].outcome.startswith("failed: ")
    assert drill_table(drill).title == pytest.approx(drill_table(drill).title)
    assert fingerprints(decided.folders.data_dir) == before


def test_when_scoring_again_fails_the_decision_stands_and_the_command_to_repeat_is_named(decided: DecidedBook) -> None:
    decided.folders.layout.month_file("gold/feature_store", date(2024, 6, 1)).unlink()
    assert go_back(decided) == 1
    assert decided.last_record.entry.action == "rolled_back"
    said = " ".join(decided.printed.getvalue().split())
    assert "The decision stands" in said
    assert "backfill --job score_month --from 2024-05 --to 2024-08" in said


def test_before_anything_was_scored_there_is_nothing_to_roll_back(decided: DecidedBook) -> None:
    for file in decided.folders.layout.table(f"prediction/{decided.model}").iterdir():
        file.unlink()
    with pytest.raises(LifeCycleError, match="nothing to roll back"):
        go_back(decided)
    drill = drill_rollback(decided.book, decided.model)
    assert drill.failure is not None


@pytest.mark.parametrize("model", MODELS)
def test_a_drill_does_every_step_on_the_real_data_and_changes_not_one_byte(decided: DecidedBook, model: str) -> None:
    before = fingerprints(decided.folders.data_dir)
    drill = drill_rollback(decided.book, model)
    assert drill.failure is None
    assert [step.name for step in drill.steps] == [
        "read the audit log",
        "choose the version",
        "read and verify it",
        "score the newest month",
        "score the open cohorts",
    ]
    assert all(step.seconds >= 0 for step in drill.steps)
    versions = decided.store.versions(model)
    assert drill.steps[1].outcome == f"{versions[0]} in place of {versions[1]} from 2024-05"
    assert "of 4 months" in drill.steps[4].outcome
    assert drill.as_dict()["passed"] is True
    assert "nothing moved" in str(drill_table(drill).title)
    assert fingerprints(decided.folders.data_dir) == before


def test_the_drill_of_a_first_version_goes_to_another_version_old_enough_or_to_itself(decided: DecidedBook) -> None:
    go_back(decided, first=date(2024, 9, 1))
    drill = drill_rollback(decided.book, decided.model)
    assert drill.failure is None
    assert "had no predecessor" in drill.steps[1].outcome


def test_the_drill_tries_the_version_it_is_told_and_no_other(decided: DecidedBook) -> None:
    first, _, candidate = decided.versions
    assert drill_rollback(decided.book, decided.model, first).failure is None
    refused = drill_rollback(decided.book, decided.model, candidate)
    assert "trained as of 2024-07" in str(refused.failure)
