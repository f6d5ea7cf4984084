"""An empty lake, and sound raw rows to deliver to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake.at(tmp_path / "data", tmp_path / "raw", portfolio=LOANS)
    made.layout.raw_dir.mkdir()
    return made
