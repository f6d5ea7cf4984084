"""What the tests ask a running Dagster over GraphQL: to wait for it and to count runs, never to start anything.

Clicking belongs to `dagster_page`.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pydantic import BaseModel

_LOADED = """{ answer: workspaceOrError { ... on Workspace {
  locations: locationEntries { status: loadStatus loaded: locationOrLoadError { kind: __typename } }
} } }"""
_ASSETS = "{ answer: assetNodes { partitions: partitionDefinition { description } } }"
_RUN = """id job: pipelineName status tags { key value }
  log: eventConnection(limit: 1000) { events { ... on ExecutionStepFailureEvent { error { message } } } }"""
_NEWEST_RUNS = f"{{ answer: runsOrError(limit: 100) {{ ... on Runs {{ runs: results {{ {_RUN} }} }} }} }}"
_BACKFILL = f"""query($id: String!) {{ answer: partitionBackfillOrError(backfillId: $id) {{
  ... on PartitionBackfill {{ status runs(limit: 100) {{ {_RUN} }} }}
}} }}"""


class _Kind(BaseModel):
    kind: str


class _Location(BaseModel):
    status: str
    loaded: _Kind | None


class _Workspace(BaseModel):
    locations: list[_Location]


class _Loaded(BaseModel):
    answer: _Workspace


class _Tag(BaseModel):
    key: str
    value: str


class _Error(BaseModel):
    message: str


class _Event(BaseModel):
    error: _Error | None = None


class _Log(BaseModel):
    events: list[_Event]


class Run(BaseModel):
    """A run, the months it was asked for, and what went wrong in it."""

    id: str
    job: str
    status: str
    tags: list[_Tag]
    log: _Log

    def require_success(self) -> None:
        """Fail the test with what the run's steps said, unless the run succeeded."""
        said = [event.error.message for event in self.log.events if event.error]
        assert self.status == "SUCCESS", f"run {self.id} ended with {self.status}: {said}"

    @property
    def tag(self) -> dict[str, str]:
        """Its tags by key."""
        return {tag.key: tag.value for tag in self.tags}

    @property
    def months(self) -> tuple[str, str]:
        """First and last month."""
        return self.tag["dagster/asset_partition_range_start"], self.tag["dagster/asset_partition_range_end"]


class Backfill(BaseModel):
    """A backfill with all runs it has started so far, the newest first."""

    status: str
    runs: list[Run]


class _Backfill(BaseModel):
    answer: Backfill


class _Runs(BaseModel):
    runs: list[Run]


class _NewestRuns(BaseModel):
    answer: _Runs


class _Partitions(BaseModel):
    description: str


class _Asset(BaseModel):
    partitions: _Partitions


class _Assets(BaseModel):
    answer: list[_Asset]


def wait_until(holds: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Ask again and again; the test fails when it does not come to hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.5)


@dataclass(frozen=True)
class DagsterApi:
    """GraphQL of one webserver on this machine."""

    port: int

    def is_loaded(self) -> bool:
        """Whether the webserver answers and has loaded every code location without an error."""
        try:
            locations = _Loaded.model_validate_json(self._ask(_LOADED)).answer.locations
        except (OSError, http.client.HTTPException):
            return False
        kinds = [location.loaded.kind for location in locations if location.loaded and location.status == "LOADED"]
        return bool(kinds) and kinds == ["RepositoryLocation"] * len(locations)

    def partitions_definitions(self) -> set[str]:
        """The different partitions definitions of all assets, each by its description."""
        assets = _Assets.model_validate_json(self._ask(_ASSETS)).answer
        return {asset.partitions.description for asset in assets}

    def runs(self) -> list[Run]:
        """The newest hundred runs, the newest first."""
        return _NewestRuns.model_validate_json(self._ask(_NEWEST_RUNS)).answer.runs

    def succeeded_run(self, prefix: str) -> Run:
        """The run whose id begins like this, once it has ended; the test fails when it ended badly."""

        def found() -> Run:
            return next(run for run in self.runs() if run.id.startswith(prefix))

        wait_until(lambda: found().status in {"SUCCESS", "FAILURE", "CANCELED"}, seconds=120, what=f"run {prefix}")
        run = found()
        run.require_success()
        return run

    def succeeded_backfill(self, backfill: str) -> Backfill:
        """A backfill, once it has ended; the test fails when it ended badly."""

        def found() -> Backfill:
            return _Backfill.model_validate_json(self._ask(_BACKFILL, id=backfill)).answer

        ends = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "COMPLETED", "FAILED", "CANCELED"}
        wait_until(lambda: found().status in ends, seconds=420, what=f"backfill {backfill}")
        ended = found()
        for run in ended.runs:
            run.require_success()
        assert ended.status == "COMPLETED_SUCCESS"
        return ended

    def _ask(self, query: str, **variables: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            body = json.dumps({"query": query, "variables": variables})
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
            data: dict[str, object] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        assert "errors" not in data, data["errors"]
        return json.dumps(data["data"]).encode()
