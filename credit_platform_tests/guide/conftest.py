"""Fixtures of the tests that do what the guide says.

How an environment with an extra is made is written in `extra_environment`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from credit_platform_tests.extra_environment import with_xgboost_once


@pytest.fixture(scope="session")
def with_xgboost(shared_root: Path) -> Path:
    """The folder with the programs of an environment that has the extra xgboost."""
    return with_xgboost_once(shared_root)
