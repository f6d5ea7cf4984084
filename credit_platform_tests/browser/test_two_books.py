"""Two books as code locations of one UI: both load, and neither defines what the other does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser

from credit_platform_tests.browser.conftest import DagsterServer, dagster_ui, fresh_tab, generated_book

pytestmark = [pytest.mark.slow, pytest.mark.browser]

NODES = "{ nodes: assetNodes { assetKey { path } groupName repository { location { name } } } }"
COLLISIONS = """query ($keys: [AssetKeyInput!]!) {
  collisions: assetNodeDefinitionCollisions(assetKeys: $keys) { assetKey { path } } }"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[DagsterServer]:
    root = tmp_path_factory.mktemp("two")
    environment = generated_book(root / "loans") | {"CREDIT_DATA_DIR_HOME_CREDIT": str(root / "home_credit")}
    with dagster_ui(environment, pictures / "ui-two.log", books=("loans", "home_credit")) as found:
        yield found


def asked(server: DagsterServer, query: str, **variables: object) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = Request(f"{server.address}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urlopen(request) as answer:  # noqa: S310 - loopback
        return json.load(answer)["data"]


def test_both_books_are_loaded_and_define_nothing_twice(server: DagsterServer) -> None:
    nodes = asked(server, NODES)["nodes"]
    assert {node["repository"]["location"]["name"] for node in nodes} == {"credit_platform", "home_credit"}
    assert asked(server, COLLISIONS, keys=[node["assetKey"] for node in nodes])["collisions"] == []
    for node in nodes:
        is_second = node["repository"]["location"]["name"] == "home_credit"
        assert (node["assetKey"]["path"][0] == "home_credit") == is_second
        assert node["groupName"].startswith("home_credit/") == is_second


def test_the_second_book_is_one_folder_of_the_graph(server: DagsterServer, chromium: Browser, pictures: Path) -> None:
    with fresh_tab(chromium, server, pictures) as tab:
        tab.page.goto(f"{server.address}/asset-groups")
        tab.page.get_by_text("home_credit").first.wait_for()
        tab.page.screenshot(path=str(pictures / "two-books-lineage.png"))
        tab.page.goto(f"{server.address}/deployment/locations")
        tab.page.get_by_text("2 code locations").wait_for()
        assert tab.page.get_by_text("Loaded").count() == 2
