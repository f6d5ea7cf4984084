"""A page of another origin can start nothing in the UI, whatever it sends; the UI's own page can."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from credit_platform_tests.browser.conftest import DagsterServer, dagster_ui, generated_book

pytestmark = [pytest.mark.slow, pytest.mark.browser]

FIRST_SENSOR = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
  name location { name } sensors { name sensorState { status } } } } } }"""
ASK = """body => fetch('/graphql', {method: 'POST', headers: {'content-type': 'application/json'}, body})
  .then(answer => answer.json())"""
# Every way a page has of reaching another origin; each ends, whatever comes back.
ATTEMPTS = """async ([address, query]) => {
  const body = JSON.stringify({query}), url = `${address}/graphql?query=${encodeURIComponent(query)}`
  const ended = request => request.then(() => 0, () => 0)
  const json = {'content-type': 'application/json'}
  await ended(fetch(url, {mode: 'no-cors'}))
  await ended(fetch(url, {mode: 'no-cors', method: 'POST'}))
  await ended(fetch(url, {mode: 'no-cors', method: 'POST', headers: {'content-type': 'text/plain'}, body}))
  await ended(fetch(`${address}/graphql`, {method: 'POST', headers: json, body}))
  navigator.sendBeacon(url, new Blob([body], {type: 'text/plain'}))
  const loaded = (tag, from) => new Promise(done => {
    const element = Object.assign(document.createElement(tag), {onload: done, onerror: done, src: from})
    document.body.append(element)
    setTimeout(done, 2000)
  })
  await loaded('img', url)
  await loaded('script', url)
  await loaded('iframe', url)
  await new Promise(done => {
    const frame = Object.assign(document.createElement('iframe'), {name: 'sink', onload: done})
    const form = Object.assign(document.createElement('form'), {method: 'POST', action: url, target: 'sink'})
    document.body.append(frame, form)
    form.submit()
    setTimeout(done, 2000)
  })
  return await new Promise(done => {
    const socket = new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-ws')
    socket.onopen = () => {
      socket.send(JSON.stringify({type: 'start', id: '1', payload: {query}}))
      setTimeout(() => done('open'), 1000)
    }
    socket.onerror = () => done('refused')
  })
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[DagsterServer]:
    environment = generated_book(tmp_path_factory.mktemp("foreign") / "book")
    with dagster_ui(environment, pictures / "ui-foreign.log") as found:
        yield found


@pytest.fixture(scope="module")
def foreign_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page on another port of this machine."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "index.html").write_text("<!doctype html><title>Foreign</title><body>", encoding="utf-8")
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as pages:
        thread = threading.Thread(target=pages.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{pages.server_port}"
        pages.shutdown()


def asked(page: Page, query: str) -> dict[str, object]:
    """An answer to a page of the UI itself."""
    found: dict[str, object] = page.evaluate(ASK, json.dumps({"query": query}))
    assert "errors" not in found
    return found


def running(page: Page) -> bool:
    return '"RUNNING"' in json.dumps(asked(page, FIRST_SENSOR)).split('"sensorState"', 2)[1]


def test_a_page_of_another_origin_starts_nothing_and_the_ui_does(
    server: DagsterServer, foreign_page: str, chromium: Browser
) -> None:
    own, foreign = chromium.new_page(), chromium.new_page()
    own.goto(server.address)
    text = json.dumps(asked(own, FIRST_SENSOR))
    repository = json.loads(text)["data"]["repositoriesOrError"]["nodes"][0]
    selector = (
        f'{{repositoryLocationName: "{repository["location"]["name"]}", repositoryName: "{repository["name"]}", '
        f'sensorName: "{repository["sensors"][0]["name"]}"}}'
    )
    mutation = f"mutation {{ startSensor(sensorSelector: {selector}) {{ __typename }} }}"
    assert not running(own)

    foreign.goto(foreign_page)
    assert foreign.evaluate(ATTEMPTS, [server.address, mutation]) == "refused"
    foreign.goto(f"{server.address}/graphql?query={mutation}")
    assert not running(own)

    assert '"__typename": "Sensor"' in json.dumps(asked(own, mutation))
    assert running(own)
    own.close()
    foreign.close()
