"""The module names of the previous release still work, and say what to write instead."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import dagster as dg
import pytest
import yaml

from credit_platform.cli.instance import own_instance_text
from credit_platform.instance.run_history import HeldSqliteEventLogStorage
from credit_platform.previous_release import MOVED, accepted


@pytest.fixture(params=sorted(MOVED))
def old(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delitem(sys.modules, request.param, raising=False)
    return str(request.param)


def test_an_old_name_is_the_module_of_today_and_warns(old: str) -> None:
    with pytest.warns(FutureWarning, match=f"{old} is called {MOVED[old]} now") as warned:
        module = import_module(old)
    assert module is import_module(MOVED[old])
    assert module.__spec__ is not None
    assert module.__spec__.name == MOVED[old]
    assert len(warned) == 1


def test_an_unknown_name_is_still_unknown() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"credit_platform\.run_histories"):
        import_module("credit_platform.run_histories")


@pytest.mark.filterwarnings("ignore::dagster.PreviewWarning", "ignore::dagster.BetaWarning")
def test_an_instance_that_names_the_old_module_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = yaml.safe_load(own_instance_text(tmp_path))
    assert content["storage"]["custom"]["module"] == "credit_platform.instance.run_history"
    content["storage"]["custom"]["module"] = "credit_platform.run_history"
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.delitem(sys.modules, "credit_platform.run_history", raising=False)
    with pytest.warns(FutureWarning, match=r"credit_platform\.run_history is called"):
        opened = dg.DagsterInstance.from_config(str(tmp_path))
    with opened as instance:
        assert isinstance(instance.event_log_storage, HeldSqliteEventLogStorage)
        assert instance.get_runs_count() == 0


def test_a_model_of_ones_own_is_written_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "credit_platform.scoring.learner", raising=False)
    with pytest.warns(FutureWarning, match=r"scoring\.learner is called"):
        former = import_module("credit_platform.scoring.learner")
    assert former.Learner is former.Estimator
    assert accepted(_of_before, "prepared", "loan_id") == ["prepared"]
    assert accepted(_of_today, "prepared", "loan_id") == ["prepared", "loan_id"]


def _of_before(preparation: str) -> list[str]:
    return [preparation]


def _of_today(transformer: str, case_key: str) -> list[str]:
    return [transformer, case_key]
