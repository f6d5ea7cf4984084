"""The keys of the service: shown once, kept as hashes, one per owner."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from credit_platform.errors import SettingsError
from credit_platform.lake.governance.api_keys import ApiKeyFile
from credit_platform.lake.layout import Layout
from credit_platform.portfolios.loans.portfolio import LOANS


@pytest.fixture
def keys(tmp_path: Path) -> ApiKeyFile:
    return ApiKeyFile(Layout.of(tmp_path, tmp_path, LOANS))


def test_a_key_is_known_by_its_hash_alone(keys: ApiKeyFile) -> None:
    secret = keys.add("bank", role="score", requests_per_second=5, records_per_minute=100)
    other = keys.add("shop", role="read")
    file = keys.layout.api_keys()
    assert secret not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(secret) > 40
    bank, shop = keys.keys()
    assert (bank.owner, bank.role, bank.requests_per_second, bank.records_per_minute) == ("bank", "score", 5, 100)
    assert [key.is_of(secret) for key in (bank, shop)] == [True, False]
    assert [key.is_of(other) for key in (bank, shop)] == [False, True]
    assert not bank.is_of("")
    assert not bank.is_of("\ud800")


def test_one_owner_has_one_key_until_it_is_revoked(keys: ApiKeyFile) -> None:
    first = keys.add("bank", role="score")
    with pytest.raises(SettingsError, match="it has a key already"):
        keys.add("bank", role="read")
    before = keys.state()
    keys.revoke("bank")
    assert (keys.keys(), keys.state() != before) == ((), True)
    with pytest.raises(SettingsError, match="it has no key"):
        keys.revoke("bank")
    keys.add("bank", role="score")
    assert not keys.keys()[0].is_of(first)


@pytest.mark.parametrize("owner", ["", "x" * 61, "a\nb", "a\x1b"])
def test_a_name_that_cannot_be_logged_is_refused(keys: ApiKeyFile, owner: str) -> None:
    with pytest.raises(SettingsError, match="printable"):
        keys.add(owner, role="score")


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf")])
def test_a_limit_is_a_positive_number(keys: ApiKeyFile, limit: float) -> None:
    with pytest.raises(SettingsError, match="not a number above 0"):
        keys.add("bank", role="score", requests_per_second=limit)
    assert keys.keys() == ()


@pytest.mark.parametrize("content", ["", "[]", '{"keys": [{"owner": 1}]}', "\x00"])
def test_a_file_that_was_changed_is_explained(keys: ApiKeyFile, content: str) -> None:
    keys.add("bank", role="score")
    keys.layout.api_keys().write_text(content)
    with pytest.raises(SettingsError, match="it is not a list of keys"):
        keys.keys()
