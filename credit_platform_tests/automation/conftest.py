"""The automation of a book under the shipped policy, and a Dagster instance with nothing on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest
from dagster._core.definitions.repository_definition import RepositoryDefinition

from credit_platform.code_location import build_definitions
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import Settings
from credit_platform_tests.graph_snapshot import snapshot_settings


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """First scoring 2024-04, first outcome 2024-10, first training 2024-12, book from 2023-01 to 2025-06."""
    book = snapshot_settings(tmp_path_factory.mktemp("automation"))
    return book.model_copy(update={"last_month": date(2025, 6, 1)})


@pytest.fixture(scope="session")
def axis(settings: Settings) -> MonthlyAxis:
    return settings.axis()


@pytest.fixture(scope="session")
def config(settings: Settings) -> ModelConfig:
    return settings.policy.model


@pytest.fixture(scope="session")
def repository(settings: Settings) -> RepositoryDefinition:
    return build_definitions(LOANS, settings).get_repository_def()
