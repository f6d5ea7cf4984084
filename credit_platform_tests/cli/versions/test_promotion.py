"""A person moves versions: what is checked, what is written down, what is scored again."""

from __future__ import annotations

import json
from datetime import date

import pytest

from credit_platform.cli.versions.promotion import Person, Target, promote, target_role
from credit_platform.cli.versions.version_status import ModelVersions
from credit_platform.cli.versions.versions import version_rows
from credit_platform.errors import LifeCycleError, ModelStoreError, SettingsError
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord, version_in_force
from credit_platform.lake.models.model_store import to_json
from credit_platform.previous_release import OldNameWarning
from credit_platform_tests.cli.versions.decided_book import DecidedBook, no_pages
from credit_platform_tests.small_book import MODELS, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
ANN = Person("Ann", ("Better on the newest cohorts.",))
LATEST = date(2024, 9, 1)


@pytest.fixture
def decided(book_copy: BookFolders, monkeypatch: pytest.MonkeyPatch) -> DecidedBook:
    # What the trainings of the small book came to is not what these tests are about.
    def none(_: ModelVersions, __: str) -> dict[str, str]:
        return {}

    monkeypatch.setattr(ModelVersions, "failed_gates", none)
    # Drawing pages takes longer than deciding; test_pages does it.
    monkeypatch.setattr("credit_platform.cli.versions.promotion.redraw_pages", no_pages)
    return DecidedBook(book_copy)


def move(
    decided: DecidedBook, version: str, to: Target = "in force", month: date | None = None, *, despite: bool = False
) -> int:
    return promote(
        decided.book,
        decided.console,
        model=decided.model,
        version=version,
        to=to,
        person=ANN,
        effective_month=month,
        despite_failed_gates=despite,
    )


def in_force(decided: DecidedBook, month: date) -> str:
    return version_in_force(PromotionLog(decided.folders.layout).records(), decided.model, month)[0]


def roles(decided: DecidedBook) -> list[str]:
    standing = ModelVersions(decided.book, decided.model)
    return [standing.roles[version] for version in decided.versions]


def test_a_version_takes_effect_in_the_month_after_the_newest_scored_and_nothing_is_scored_again(
    decided: DecidedBook,
) -> None:
    newest, before = decided.versions[2], decided.bytes_of(decided.model)
    assert move(decided, newest) == 0
    assert (in_force(decided, date(2024, 8, 1)), in_force(decided, LATEST)) == (decided.versions[1], newest)
    entry = decided.last_record.entry
    assert (entry.action, entry.actor, entry.effective_month) == ("promoted", "Ann", LATEST)
    assert (entry.before, entry.after, entry.reasons) == (decided.versions[1], newest, ANN.reasons)
    assert entry.policy_sha256 == decided.book.settings.policy.sha256
    assert decided.bytes_of(decided.model) == before
    assert roles(decided) == ["retired", "in force", "candidate"]
    assert f"version {newest} is in force from 2024-09 on" in decided.printed.getvalue()


def test_a_version_from_an_open_cohort_on_scores_the_open_cohorts_again_in_hindsight(decided: DecidedBook) -> None:
    first, other = decided.versions[0], decided.bytes_of(MODELS[1])
    was = decided.scored_by(date(2024, 6, 1))
    assert move(decided, first, month=date(2024, 7, 1)) == 0
    assert [decided.scored_by(date(2024, month, 1)) for month in (6, 7, 8)] == [was, *[(first, "backfill")] * 2]
    assert decided.bytes_of(MODELS[1]) == other
    stability = decided.folders.lake.scan(f"monitoring/{decided.model}/stability", [date(2024, 8, 1)]).collect()
    assert set(stability["model_version"]) == {first}


def test_a_promotion_that_gives_way_to_one_decided_before_says_so(decided: DecidedBook) -> None:
    move(decided, decided.versions[2])
    decided.folders.layout.month_file(f"prediction/{decided.model}", date(2024, 8, 1)).unlink()
    move(decided, decided.versions[0])
    assert f"From 2024-09 on it gives way to version {decided.versions[2]}" in decided.printed.getvalue()
    assert [in_force(decided, date(2024, month, 1)) for month in (8, 9)] == [decided.versions[0], decided.versions[2]]


def test_a_person_makes_candidates_and_retires_them(decided: DecidedBook) -> None:
    move(decided, decided.versions[0], "candidate")
    assert roles(decided) == ["candidate", "in force", "retired"]
    move(decided, decided.versions[0], "retired")
    assert roles(decided) == ["retired", "in force", "retired"]
    assert [record.entry.action for record in decided.log.records()[-2:]] == ["made_candidate", "retired"]


@pytest.mark.parametrize(
    ("place", "to", "month", "said"),
    [
        (1, "in force", None, "it is in force in 2024-09 already"),
        (1, "candidate", None, "it is in force, or will be"),
        (1, "retired", None, "it is in force, or will be"),
        (2, "candidate", None, "it is candidate already"),
        (0, "retired", None, "it is retired already"),
        (2, "in force", date(2024, 7, 1), "knows outcomes that nobody knew in 2024-07. Say --effective-month 2024-08"),
        (0, "in force", date(2024, 2, 1), "outcome of the cohort of 2024-02 is known.*--effective-month 2024-03"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused_with_the_reason_and_written_nowhere(
    decided: DecidedBook, place: int, to: Target, month: date | None, said: str
) -> None:
    before = decided.log.records()
    with pytest.raises(LifeCycleError, match=said):
        move(decided, decided.versions[place], to, month)
    assert decided.log.records() == before


def test_a_version_that_is_unknown_or_damaged_is_refused(decided: DecidedBook) -> None:
    before = decided.log.records()
    with pytest.raises(ModelStoreError, match=r"is not in the model store\. Name one of"):
        move(decided, "2024-07-01-none")
    (decided.folders.layout.model_version(decided.model, decided.versions[2]) / "calibrator.json").write_bytes(b"{}")
    with pytest.raises(ModelStoreError, match=r"calibrator\.json has changed"):
        move(decided, decided.versions[2])
    assert decided.log.records() == before


def test_failed_gates_are_overruled_only_in_so_many_words_which_the_log_keeps(book_copy: BookFolders) -> None:
    decided = DecidedBook(book_copy)
    files = decided.store.load(decided.model, decided.versions[2])
    spoilt = json.loads(files["metadata.json"]) | {"oot_null_rate": 0.5}
    as_of = date(2024, 8, 1)
    version = decided.store.save(decided.model, as_of, files | {"metadata.json": to_json(spoilt)})
    with pytest.raises(LifeCycleError, match=r"missing feature cells is 0\.5000.*say --despite-failed-gates"):
        move(decided, version)
    assert move(decided, version, despite=True) == 0
    assert any("In spite of: Gate max_null_rate" in reason for reason in decided.last_record.entry.reasons)
    (overruled, *_) = reversed(PromotionLog(book_copy.layout).records())
    assert (overruled.failed_gates, overruled.is_interim) == (("max_null_rate",), False)


@pytest.mark.parametrize(
    ("word", "role"),
    [
        ("in-force", "in force"),
        ("in force", "in force"),
        ("candidate", "candidate"),
        ("Production", "in force"),
        ("staging", "candidate"),
        ("Archived", "retired"),
        (" Retired ", "retired"),
    ],
)
def test_old_stage_words_mean_roles(word: str, role: str) -> None:
    assert target_role(word) == role


@pytest.mark.parametrize(("word", "now"), [("champion", "in-force"), ("Challenger", "candidate")])
def test_words_that_are_of_models_now_are_accepted_with_a_warning(word: str, now: str) -> None:
    with pytest.warns(OldNameWarning, match=f"--to {word.lower()} is called {now} now"):
        assert target_role(word) == now.replace("-", " ")


def test_a_role_nobody_knows_and_a_person_without_name_or_reason_are_wrong_usage() -> None:
    with pytest.raises(
        SettingsError, match=r"--to: 'boss' is no status of a version\. Choose in-force, candidate or retired"
    ):
        target_role("boss")
    for name in ("", "policy", "training"):
        with pytest.raises(SettingsError, match="--approver"):
            Person.named(name, "why")
    with pytest.raises(SettingsError, match="--reason"):
        Person.named("Ann", " ")
    assert Person.named(" Ann ", " why ") == Person("Ann", ("why",))


def test_who_follows_the_advice_makes_an_interim_version(decided: DecidedBook, monkeypatch: pytest.MonkeyPatch) -> None:
    version = decided.versions[2]
    advised = PromotionRecord(
        decided.model,
        version,
        date(2024, 7, 1),
        date(2024, 8, 1),
        promoted=False,
        actor="policy",
        reasons=("A person decides.",),
        failed_gates=("max_oot_test_gap",),
        recommended="interim",
    )
    PromotionLog(decided.folders.layout).append(advised)

    def one(_: ModelVersions, __: str) -> dict[str, str]:
        return {"max_oot_test_gap": "Gate max_oot_test_gap: lost."}

    monkeypatch.setattr(ModelVersions, "failed_gates", one)
    rows = {row["model_version"]: row for row in version_rows(decided.book, [decided.model])}
    assert (rows[version]["recommended"], rows[version]["interim"]) == ("interim", False)
    assert move(decided, version, despite=True) == 0
    assert f"version {version} is in force as interim from" in decided.printed.getvalue()
    assert ModelVersions(decided.book, decided.model).periods_in_force[-1].is_interim
    rows = {row["model_version"]: row for row in version_rows(decided.book, [decided.model])}
    assert (rows[version]["recommended"], rows[version]["interim"]) == (None, True)
