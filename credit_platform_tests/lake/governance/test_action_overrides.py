from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from credit_platform.errors import AuditError
from credit_platform.lake.governance.action_overrides import OverrideLog, override_of
from credit_platform.lake.governance.audit import AuditLog, Entry
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.layout import Layout
from credit_platform.monitoring.action.action import ActionOverride
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.governance.life_cycle import roles

MONTH = date(2025, 6, 1)
WISH = ActionOverride("gradient_boosting", "v1", MONTH, "retrain", "monitor", "Ana Lim", "complaints")


@pytest.fixture
def log(tmp_path: Path) -> OverrideLog:
    return OverrideLog(Layout.of(tmp_path / "data", tmp_path / "raw", LOANS))


def test_an_override_is_read_back_as_it_was_written_and_once(log: OverrideLog) -> None:
    assert log.append(WISH)
    assert not log.append(WISH)
    assert log.records() == [WISH]
    assert AuditLog(log.layout).verify() == []


def test_the_last_word_about_the_judged_version_holds(log: OverrideLog) -> None:
    second = replace(WISH, action="monitor", reason="explained")
    for override in (WISH, second, WISH):
        assert log.append(override)
    found = log.records()
    assert found == [WISH, second, WISH]
    assert override_of(found, WISH.model, MONTH, "v1") == WISH
    assert override_of(found, WISH.model, MONTH, "v2") is None
    assert override_of(found, "scorecard", MONTH, "v1") is None
    assert override_of(found, WISH.model, date(2025, 7, 1), "v1") is None


def test_an_override_changes_no_role_and_no_promotion(log: OverrideLog) -> None:
    audit = AuditLog(log.layout)
    audit.append(Entry("registered", WISH.model, "v1", "policy", (), MONTH))
    audit.append(Entry("promoted", WISH.model, "v1", "policy", (), MONTH, details={"as_of": "2025-05-01"}))
    audit.append(Entry("registered", WISH.model, "v2", "policy", (), MONTH))
    before = roles(audit.decisions(), WISH.model, MONTH), PromotionLog(log.layout).records()
    for version in ("v1", "v2"):
        assert log.append(replace(WISH, model_version=version))
    assert (roles(audit.decisions(), WISH.model, MONTH), PromotionLog(log.layout).records()) == before


def test_nothing_is_read_from_a_log_that_was_tampered_with(log: OverrideLog) -> None:
    log.append(WISH)
    file = log.layout.audit_log()
    file.write_text(file.read_text().replace("complaints", "compliments"))
    with pytest.raises(AuditError):
        log.records()
