"""XGBoost as an algorithm. What needs the library skips where the extra is not installed; one slow test installs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from credit_platform.assets.models.judgement import is_restorable
from credit_platform.errors import MissingExtraError, TrainingError
from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.model_spec import ModelSpec, Parameter
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.estimators.estimator import Design, FitTask
from credit_platform.scoring.estimators.tree_ensemble import StartLine
from credit_platform.scoring.estimators.xgboost_trees import XGBoostEstimator
from credit_platform.scoring.training.version import fit_version, load_version
from credit_platform.statistics.discrimination import roc_auc
from credit_platform_tests.extra_environment import ROOT, make_environment
from credit_platform_tests.scoring.conftest import MakeLoans

PARAMS: dict[str, Parameter] = {
    "n_estimators": 60,
    "learning_rate": 0.1,
    "max_depth": 3,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "reg_lambda": 1.0,
}
SPEC = ModelSpec(alias="model_3", algorithm="xgboost", params=PARAMS)
NAMED = ("clickstream_evidence", "n_loans", "n_loans", "credit_mix", "annual_income_amount")
PLAIN_TASK = FitTask("m", SPEC, 42, tuple("abcde"))
NAMED_TASK = replace(PLAIN_TASK, features=NAMED, evidence=NAMED[:1], directions=LOANS.features.split_directions)
TEXT = '{"learner":{"attributes":{},"gradient_booster":{}},"version":[3,2,0]}'


@pytest.fixture
def _extra() -> None:
    pytest.importorskip("xgboost", reason="the extra xgboost is not installed (make extra-xgboost)")


needs_extra = pytest.mark.usefixtures("_extra")


def design(n: int, seed: int, signal: float = 1.0) -> Design:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(n, 5))
    odds = signal * (matrix[:, 0] * matrix[:, 1] * 2 + 0.5 * matrix[:, 0] - 0.5 * matrix[:, 4]) - 1
    return Design(matrix, (random.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int8))


def fitted(task: FitTask = PLAIN_TASK, *, signal: float = 1.0) -> XGBoostEstimator:
    return XGBoostEstimator.fit(design(1500, 1, signal), design(500, 2, signal), task=task)


def n_trees(estimator: XGBoostEstimator) -> int:
    return len(json.loads(estimator.text)["learner"]["gradient_booster"]["model"]["trees"])


@needs_extra
def test_an_interaction_no_line_can_see_is_found_and_trees_that_do_not_help_are_left_out() -> None:
    held_out = design(2000, 3)
    auc = roc_auc(held_out.label, fitted().log_odds(held_out.values))
    assert auc is not None
    assert auc > 0.75
    assert n_trees(fitted(signal=0.0)) < n_trees(fitted()) <= 60


@needs_extra
def test_the_same_data_give_the_same_bytes_and_another_seed_others() -> None:
    assert fitted().to_bytes() == fitted().to_bytes()
    assert fitted().to_bytes() != fitted(replace(PLAIN_TASK, seed=1)).to_bytes()


@needs_extra
@pytest.mark.parametrize("task", [PLAIN_TASK, NAMED_TASK])
def test_the_file_gives_the_ensemble_back_to_the_last_bit_and_xgboost_reads_it(task: FitTask) -> None:
    import importlib

    xgboost = importlib.import_module("xgboost")
    estimator, matrix = fitted(task), design(500, 4).values
    restored = XGBoostEstimator.from_bytes(estimator.to_bytes())
    assert restored == estimator
    assert np.array_equal(restored.log_odds(matrix), estimator.log_odds(matrix))
    assert np.array_equal(restored.contributions(matrix), estimator.contributions(matrix))
    trees = xgboost.Booster({"nthread": 1})
    trees.load_model(bytearray(estimator.to_bytes()))
    margins = trees.predict(xgboost.DMatrix(matrix, nthread=1), output_margin=True).astype(np.float64)
    assert estimator.start is not None
    assert np.array_equal(margins + estimator.start.log_odds(matrix), estimator.log_odds(matrix))


@needs_extra
@pytest.mark.parametrize("task", [PLAIN_TASK, NAMED_TASK])
def test_contributions_add_up_to_the_log_odds_of_every_row(task: FitTask) -> None:
    estimator, matrix = fitted(task), design(500, 4).values
    parts = estimator.contributions(matrix)
    assert parts.sum(axis=1) == pytest.approx(estimator.log_odds(matrix), abs=1e-12)
    # What single precision leaves over is far below what a reason is made of.
    assert np.ptp(parts[:, -1]) < 1e-5
    assert 0 in np.argsort(estimator.column_importance())[-2:]


@needs_extra
def test_a_row_has_its_number_whatever_stands_beside_it_and_no_row_has_none() -> None:
    estimator, matrix = fitted(), design(500, 4).values
    assert np.array_equal(estimator.log_odds(matrix[7:9]), estimator.log_odds(matrix)[7:9])
    assert estimator.log_odds(np.empty((0, 5))).shape == (0,)
    assert estimator.contributions(np.empty((0, 5))).shape == (0, 6)


@needs_extra
@pytest.mark.parametrize(("column", "direction"), [(0, 1), (1, 1), (4, -1)])
def test_what_is_expected_to_be_riskier_never_lowers_the_odds_of_default(column: int, direction: int) -> None:
    estimator, matrix = fitted(NAMED_TASK), design(200, 5).values
    for step in np.linspace(0, 4, 9):
        moved = matrix.copy()
        moved[:, column] += step
        assert (direction * (estimator.log_odds(moved) - estimator.log_odds(matrix)) >= -1e-12).all()


@needs_extra
def test_a_parameter_xgboost_refuses_is_an_error_that_names_it() -> None:
    refused = SPEC.model_copy(update={"params": PARAMS | {"max_depth": 2.5}})
    with pytest.raises(TrainingError, match=r"model m: its params are refused: .*max_depth"):
        fitted(replace(PLAIN_TASK, spec=refused))


@needs_extra
def test_a_version_is_fitted_explained_and_read_back(config: ModelConfig, loans: MakeLoans) -> None:
    own = config.model_copy(update={"models": {"boosted": SPEC}})
    versions = [fit_version("boosted", loans(600, seed=1), loans(300, seed=2), own, portfolio=LOANS) for _ in range(2)]
    first, second = (version.artifacts() for version in versions)
    assert first == second
    rows = loans(200, seed=3)
    assert is_restorable(versions[0], rows)
    again = load_version("boosted", first, portfolio=LOANS, algorithm="xgboost")
    assert np.array_equal(again.predict(rows), versions[0].predict(rows))
    said = again.contributions(rows)
    assert said.base + said.values.sum(axis=1) == pytest.approx(again.log_odds(rows), abs=1e-9)


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    message = (
        r"xgboost is not installed, and algorithm: xgboost .*: make extra-xgboost, or .*credit-platform\[xgboost\]"
    )
    with pytest.raises(MissingExtraError, match=message):
        fitted()
    stored = XGBoostEstimator(TEXT, (0.5,), StartLine(-1.0, (0.0,), (0,)))
    assert XGBoostEstimator.from_bytes(stored.to_bytes()) == stored
    assert json.loads(stored.to_bytes())["version"] == [3, 2, 0]
    with pytest.raises(MissingExtraError, match="make extra-xgboost"):
        stored.log_odds(np.zeros((1, 1)))


@pytest.mark.parametrize("content", [b"{", b"{}", TEXT.encode(), b"tree\nversion=v4\n"])
def test_a_text_that_is_no_model_of_ours_is_refused_when_it_is_read(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a JSON model|Expecting"):
        XGBoostEstimator.from_bytes(content)


@pytest.mark.slow
def test_all_this_works_with_what_the_lock_of_the_extra_installs(tmp_path: Path) -> None:
    programs = make_environment(tmp_path, "requirements-xgboost.lock", "requirements-dev.lock")
    own = Path(__file__).relative_to(ROOT)
    tested = subprocess.run(
        [programs / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", own],
        cwd=tmp_path / "work",
        env={name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "skipped" not in tested.stdout.splitlines()[-1]
