from __future__ import annotations

import json
from pathlib import Path

import pytest

from credit_platform.errors import PolicyError
from credit_platform.policy.load import Policy, fingerprint, policy_document, read_policy_document
from credit_platform.portfolios.loans.portfolio import LOANS


def kept(folder: Path, own: str | None = None) -> Path:
    if own is not None:
        (folder / "monitoring_thresholds.yaml").write_text(own)
    policy = LOANS.load_policy(folder if own is not None else None)
    file = folder / f"{policy.sha256}.json"
    file.write_bytes(policy_document(policy))
    return file


def reread(file: Path) -> Policy:
    return read_policy_document(file.read_bytes(), LOANS.terms, sha256=file.stem, file=file)


def test_a_policy_comes_back_as_it_was(tmp_path: Path) -> None:
    assert reread(kept(tmp_path)) == LOANS.load_policy()


def test_an_own_policy_comes_back_with_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "model_config.yaml").write_text("windows: {relative: {train: 4, validation: 1, test: 1, oot: 1}}\n")
    file = kept(tmp_path, "model_overrides: {model_2: {roc_auc: {data_science_threshold: 0.85}}}\n")
    assert reread(file) == LOANS.load_policy(tmp_path) != LOANS.load_policy()


def test_a_changed_value_is_refused_by_name(tmp_path: Path) -> None:
    file = kept(tmp_path)
    values = json.loads(file.read_bytes())
    values["model"]["label"]["mob"] += 1
    file.write_text(json.dumps(values))
    with pytest.raises(PolicyError, match=f"{file.name}.*is not the policy it is named for"):
        reread(file)


def test_a_setting_that_came_later_has_its_shipped_value(tmp_path: Path) -> None:
    values = json.loads(kept(tmp_path).read_bytes())
    del values["data"]["gates"]
    older = tmp_path / f"{fingerprint(values)}.json"
    older.write_text(json.dumps(values))
    assert reread(older).data == LOANS.load_policy().data


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"model": {"label": 1}}'])
def test_what_is_no_policy_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "abc.json"
    file.write_text(text)
    with pytest.raises(PolicyError, match="is no policy this release can read"):
        reread(file)
