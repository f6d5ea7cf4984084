from __future__ import annotations

from collections import Counter

from dagster._core.definitions.repository_definition import RepositoryDefinition

from credit_platform.automation.jobs import BUILD_MONTH, MONITOR_MONTH, SCORE_MONTH, TRAIN_MODELS
from credit_platform.partitions import MonthlyAxis

JOBS = (BUILD_MONTH, SCORE_MONTH, MONITOR_MONTH, TRAIN_MODELS)


def test_every_asset_belongs_to_exactly_one_job(repository: RepositoryDefinition) -> None:
    counts = Counter(key for job in JOBS for key in repository.get_job(job).asset_layer.selected_asset_keys)
    assert set(counts) == set(repository.assets_defs_by_key)
    assert set(counts.values()) == {1}


def test_a_job_runs_the_checks_of_its_assets(repository: RepositoryDefinition) -> None:
    for job in JOBS:
        layer = repository.get_job(job).asset_layer
        checked = {key for key in repository.asset_checks_defs_by_key if key.asset_key in layer.selected_asset_keys}
        assert {check.asset_key for check in checked} <= layer.selected_asset_keys
        assert set(layer.asset_graph.asset_check_keys) >= checked


def test_a_job_has_the_months_of_its_step(repository: RepositoryDefinition, axis: MonthlyAxis) -> None:
    expected = (axis.snapshot_months, axis.scoring_months, axis.outcome_months, axis.training_months)
    assert [repository.get_job(job).partitions_def for job in JOBS] == list(expected)


def test_a_job_says_what_it_does(repository: RepositoryDefinition) -> None:
    assert all(repository.get_job(job).description for job in JOBS)
