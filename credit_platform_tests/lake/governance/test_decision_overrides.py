"""The log of decisions that people took otherwise than the champion."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from credit_platform.errors import AuditError
from credit_platform.lake.governance.decision_overrides import DecisionOverride, DecisionOverrideLog
from credit_platform.lake.layout import Layout
from credit_platform.portfolios.loans.portfolio import LOANS

JUNE = date(2024, 6, 1)
APPROVED = DecisionOverride("loan-1", JUNE, "approve", "decline", "scorecard", "v1", "Ana Lim", "paid off elsewhere")


@pytest.fixture
def log(tmp_path: Path) -> DecisionOverrideLog:
    return DecisionOverrideLog(Layout.of(tmp_path, tmp_path, LOANS))


def test_what_was_decided_last_about_a_case_holds_and_every_record_stays(log: DecisionOverrideLog) -> None:
    assert log.overridden().is_empty()
    assert log.last_of(JUNE, "loan-1") is None
    assert log.append(APPROVED, policy_sha256="p")
    assert not log.append(APPROVED, policy_sha256="p"), "the same was written twice"
    assert log.append(replace(APPROVED, case="loan-2"), policy_sha256="p")
    assert log.append(replace(APPROVED, decision="decline", reason="a mistake"), policy_sha256="p")
    last = log.last_of(JUNE, "loan-1")
    assert last is not None
    assert (last.sequence, last.override.decision, last.override.reason) == (3, "decline", "a mistake")
    assert log.overridden().rows() == [(JUNE, "loan-1", "decline"), (JUNE, "loan-2", "approve")]
    assert len(log.layout.decision_overrides().read_bytes().splitlines()) == 3
    assert log.verify() == []


@pytest.mark.parametrize("damage", ["changed", "removed", "cut off"])
def test_a_log_that_was_tampered_with_shows_and_is_not_written_on(log: DecisionOverrideLog, damage: str) -> None:
    for case in ("a", "b", "c"):
        log.append(replace(APPROVED, case=case), policy_sha256="p")
    file = log.layout.decision_overrides()
    lines = file.read_bytes().splitlines(keepends=True)
    kept = {
        "changed": [lines[0], lines[1].replace(b"Ana Lim", b"Bo Lim!"), lines[2]],
        "removed": [lines[0], lines[2]],
        "cut off": lines[:1],
    }
    file.write_bytes(b"".join(kept[damage]))
    assert log.verify() != []
    with pytest.raises(AuditError, match=r"decision_overrides\.jsonl cannot be trusted"):
        log.overridden()
    with pytest.raises(AuditError):
        log.append(replace(APPROVED, case="d"), policy_sha256="p")
