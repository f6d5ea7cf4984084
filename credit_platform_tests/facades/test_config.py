"""The configuration under the document's name, and its answers for words that are not used here."""

from __future__ import annotations

import pytest

from credit_platform import facades
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED


def test_the_configuration_answers_for_words_of_other_pipelines(
    finished_churn: BookFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "CREDIT_DATA_DIR": str(finished_churn.data_dir),
        "CREDIT_RAW_DIR": str(finished_churn.raw_dir),
        "CREDIT_POLICY_DIR": str(finished_churn.policy_dir),
        "CREDIT_PORTFOLIO": "churn",
        "ML_SCHEMA": "E2E_DEMO",
        "ML_WAREHOUSE": "COMPUTE_WH",
        "CHURN_WINDOW": "28",
        "RETRAIN_THRESHOLD": "0.8",
    }.items():
        monkeypatch.setenv(name, value)
    config = facades.Config()
    assert (config.portfolio, config.churn_window, config.data_dir) == ("churn", 28, finished_churn.data_dir)
    assert set(config.foreign_words) == {"ML_SCHEMA", "ML_WAREHOUSE"}
    assert [one.found for one in config.validate() if one.check == "environment"] == [
        "ML_SCHEMA is set and not used",
        "ML_WAREHOUSE is set and not used",
    ]
    assert set(config.retraining_floors) >= {"roc_auc", "f1_score"}
    assert config.retrain_threshold == 0.8
    assert config.retraining_floors[config.settings.policy.model.selection.primary] == "0.8"
