"""Gates of trained versions as checks: what they say of a stored version, and a red case for each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import cast

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation

from credit_platform.checks.model_gates import model_gate_checks
from credit_platform.cli.instance import open_instance
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.lake.models.model_store import ModelStore, to_json
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.checks.evaluating import AXIS, evaluated, number
from credit_platform_tests.small_book import FIRST_TRAINING, MODELS, PREVIEW_ALLOWED, BookFolders, check_results

pytestmark = PREVIEW_ALLOWED
MODEL = "gradient_boosting"
GATES = {
    "out_of_time_auc_reaches_the_floor",
    "test_result_holds_out_of_time",
    "training_result_holds_on_validation",
    "features_are_filled",
    "files_give_the_version_back",
}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


@pytest.fixture(scope="session")
def sound_files(finished_book: BookFolders) -> Mapping[str, bytes]:
    """The files of a version that was really trained, with the metadata of one whose gates all pass."""
    store = ModelStore(finished_book.layout)
    files = store.load(MODEL, store.versions(MODEL)[0])
    return files | {"metadata.json": metadata(json.loads(files["metadata.json"]))}


def metadata(original: Mapping[str, object], **changes: object) -> bytes:
    auc = {"train": 0.95, "validation": 0.94, "test": 0.93, "oot": 0.92} | changes
    rows = [{"sample_role": role, "metric": "roc_auc", "value": auc.pop(role)} for role in list(auc)[:4]]
    mix = cast("Mapping[str, object] | None", original.get("newest_mix"))
    judged = {} if mix is None else {"newest_mix": {**mix, "metrics": rows}}
    sound = {"metrics": rows, "oot_null_rate": 0.02, "artifacts_load_back": True}
    return to_json({**original, **judged, **sound, **auc})


def stored(lake: Lake, files: Mapping[str, bytes], month: date = FIRST_TRAINING) -> str:
    version = ModelStore(lake.layout).save(MODEL, month, files)
    record = PromotionRecord(MODEL, version, month, add_months(month, 1), False, "policy", ("Seen.",))  # noqa: FBT003
    PromotionLog(lake.layout).append(record)
    return version


def results(lake: Lake, instance: dg.DagsterInstance) -> dict[str, AssetCheckEvaluation]:
    checks = model_gate_checks(AXIS, LOANS.load_policy().model, LOANS.words)
    ours = {key.name: check for check in checks for key in check.check_keys if key.asset_key.path[-1] == MODEL}
    return {name: evaluated(check, lake, [FIRST_TRAINING], instance)[FIRST_TRAINING] for name, check in ours.items()}


def reds(found: Mapping[str, AssetCheckEvaluation]) -> set[str]:
    return {name for name, result in found.items() if not result.passed}


def test_a_sound_version_passes_every_gate_with_its_numbers(
    tmp_path: Path, sound_files: Mapping[str, bytes], instance: dg.DagsterInstance
) -> None:
    version = stored(lake := Lake.at(tmp_path, portfolio=LOANS), sound_files)
    found = results(lake, instance)
    assert set(found) == GATES
    assert reds(found) == set()
    values = {name: (round(number(each, "value"), 4), number(each, "limit")) for name, each in found.items()}
    assert values == {
        "out_of_time_auc_reaches_the_floor": (0.92, 0.8),
        "test_result_holds_out_of_time": (0.01, 0.03),
        "training_result_holds_on_validation": (0.01, 0.05),
        "features_are_filled": (0.02, 0.1),
        "files_give_the_version_back": (1, 1),
    }
    assert {each.metadata["model_version"].value for each in found.values()} == {version}
    assert {each.severity for each in found.values()} == {dg.AssetCheckSeverity.WARN}
    assert not any(each.blocking for each in found.values())


@pytest.mark.parametrize(
    ("changes", "red", "said"),
    [
        ({"test": 0.80, "oot": 0.79}, "out_of_time_auc_reaches_the_floor", "ROC-AUC is 0.7900, the gate is 0.8000"),
        ({"oot": 0.88}, "test_result_holds_out_of_time", "from test to out-of-time is 0.0500"),
        ({"train": 0.999}, "training_result_holds_on_validation", "from training to validation is 0.0590"),
        ({"validation": None}, "training_result_holds_on_validation", "cannot be measured on its sample"),
        ({"oot_null_rate": 0.11}, "features_are_filled", "missing feature cells is 0.1100"),
        ({"artifacts_load_back": False}, "files_give_the_version_back", "do not give the version back"),
    ],
)
def test_each_gate_is_yellow_for_what_it_is_about_alone(
    tmp_path: Path,
    sound_files: Mapping[str, bytes],
    instance: dg.DagsterInstance,
    *,
    changes: dict[str, object],
    red: str,
    said: str,
) -> None:
    spoilt = metadata(json.loads(sound_files["metadata.json"]), **changes)
    stored(lake := Lake.at(tmp_path, portfolio=LOANS), {**sound_files, "metadata.json": spoilt})
    found = results(lake, instance)
    assert reds(found) == {red}
    assert said in str(found[red].description)


def test_files_that_were_stored_unreadable_are_named(
    tmp_path: Path, sound_files: Mapping[str, bytes], instance: dg.DagsterInstance
) -> None:
    stored(lake := Lake.at(tmp_path, portfolio=LOANS), {**sound_files, "calibrator.json": b"{}"})
    found = results(lake, instance)
    assert reds(found) == {"files_give_the_version_back"}
    assert "cannot be read back" in str(found["files_give_the_version_back"].description)


def test_no_gate_of_a_version_that_was_tampered_with_passes(
    tmp_path: Path, sound_files: Mapping[str, bytes], instance: dg.DagsterInstance
) -> None:
    version = stored(lake := Lake.at(tmp_path, portfolio=LOANS), sound_files)
    (lake.layout.model_version(MODEL, version) / "calibrator.json").write_bytes(b"{}")
    found = results(lake, instance)
    assert reds(found) == GATES
    assert all("calibrator.json has changed" in str(each.description) for each in found.values())


def test_a_month_without_a_version_says_so_and_the_latest_of_a_month_counts(
    tmp_path: Path, sound_files: Mapping[str, bytes], instance: dg.DagsterInstance
) -> None:
    lake = Lake.at(tmp_path, portfolio=LOANS)
    assert reds(results(lake, instance)) == GATES
    stored(lake, {**sound_files, "metadata.json": metadata({}, oot=0.5)})
    stored(lake, sound_files)
    assert reds(results(lake, instance)) == set()


def test_a_training_is_followed_by_its_gates_in_the_month_it_is_of(finished_book: BookFolders) -> None:
    with open_instance(finished_book.settings()) as history:
        for model in MODELS:
            for gate in GATES:
                found = check_results(history, f"model/{model}", gate)
                trained = [f"{add_months(FIRST_TRAINING, n)}" for n in (0, 3, 6)]
                assert {month for month in found if month} == set(trained)
                assert all(found[month][1] for month in trained)


def test_a_floor_of_another_metric_has_a_check_of_its_own() -> None:
    config = LOANS.load_policy().model
    gates = config.gates.model_copy(update={"min_oot": {"f1_score": 0.4}})
    floored = config.model_copy(update={"gates": gates})
    checks = model_gate_checks(AXIS, floored, LOANS.words)
    names = [key.name for check in checks for key in check.check_keys if key.asset_key.path[-1] == MODEL]
    assert set(names) == GATES | {"out_of_time_f1_score_reaches_the_floor"}
