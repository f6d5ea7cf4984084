"""Reading one policy file: which files there may be, JSON and its comments, encodings."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit_platform.errors import PolicyError
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.policy.policy_folder import write


def test_two_files_for_one_policy_are_refused(tmp_path: Path) -> None:
    write(tmp_path, model="{}")
    write(tmp_path, model="{}", suffix="json")
    with pytest.raises(PolicyError, match=r"model_config\.json stands beside it"):
        LOANS.load_policy(tmp_path)


@pytest.mark.parametrize("text", ['{"label": ', '{"label": {}, "label": {}}'])
def test_broken_json_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PolicyError, match=r"model_config\.json"):
        LOANS.load_policy(write(tmp_path, model=text, suffix="json"))


def test_a_slash_inside_a_json_text_is_no_comment(tmp_path: Path) -> None:
    text = '{"notification": {"retrain": {"recipients": ["https://example.com/hook"]}}} // whom to call'
    monitoring = LOANS.load_policy(write(tmp_path, monitoring=text, suffix="json")).monitoring
    assert monitoring.notification.retrain.recipients == ("https://example.com/hook",)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model_config.yaml").write_bytes("# für\n".encode("latin-1"))
    with pytest.raises(PolicyError, match="cannot be read"):
        LOANS.load_policy(tmp_path)
