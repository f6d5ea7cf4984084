"""The asset graph equals the committed one, so that no edge, check or job changes unseen."""

from __future__ import annotations

import difflib
import json

import pytest

from credit_platform_tests.graph_snapshot import COMMAND, FILE, as_text, graph_snapshot


def compare(committed: str, built: str) -> None:
    changes = "\n".join(difflib.unified_diff(committed.splitlines(), built.splitlines(), "committed", "built", n=2))
    if changes:
        pytest.fail(f"The asset graph has changed. If this is meant, run `{COMMAND}` and commit it.\n{changes}")


def test_the_asset_graph_equals_the_committed_snapshot() -> None:
    compare(FILE.read_text(encoding="utf-8"), as_text(graph_snapshot()))


def test_a_changed_edge_is_shown_with_the_command_that_accepts_it() -> None:
    committed = FILE.read_text(encoding="utf-8")
    changed = json.loads(committed)
    del changed["assets"]["gold/label_store"]["reads"]["silver/loan_snapshots"]
    with pytest.raises(pytest.fail.Exception, match=r"(?s)--write` and commit.*-    \"silver/loan_snapshots\""):
        compare(committed, as_text(changed))


def test_the_snapshot_holds_the_months_of_the_design() -> None:
    assets = graph_snapshot()["assets"]
    assert isinstance(assets, dict)
    months = {asset: entry["months"][0] for asset, entry in assets.items()}
    assert months["bronze/lms_loan_daily"] == "2023-01-01"
    assert months["prediction/gradient_boosting"] == "2024-04-01"
    assert months["monitoring/gradient_boosting/performance"] == "2024-10-01"
    assert months["model/gradient_boosting"] == "2024-12-01"
    assert {entry["months"][1] for entry in assets.values()} == {"2024-12-01"}
