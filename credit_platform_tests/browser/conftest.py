"""A small generated book, `credit-platform ui` over it, and a browser tab."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

import credit_platform
from credit_platform.cli.book import initialise
from credit_platform.cli.instance import open_instance
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import load_settings
from credit_platform_tests.browser.dagster_api import DagsterApi, wait_until
from credit_platform_tests.browser.dagster_page import DagsterPage
from credit_platform_tests.small_book import BookFolders

CHECKOUT = Path(credit_platform.__file__).parents[1]
SPEC = BookSpec(first_month=date(2023, 1, 1), n_months=24, cases_per_month=130, seed=7)
_CREDIT_PLATFORM = str(Path(sys.executable).with_name("credit-platform"))
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass(frozen=True)
class DagsterServer:
    """A webserver with its daemon."""

    address: str
    api: DagsterApi


def generated_book(data_dir: Path) -> dict[str, str]:
    """Write a book of 24 months that nothing has been built from; returns the variables under which it is found."""
    own = {"CREDIT_DATA_DIR": str(data_dir), "DAGSTER_HOME": str(data_dir / ".dagster")}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CREDIT_")]:
            patch.delenv(name)
        for name, value in own.items():
            patch.setenv(name, value)
        settings = initialise(load_settings(), first=SPEC.first_month, last=SPEC.last_month)
        write_book(
            Layout.of(settings.data_dir, settings.raw_dir, LOANS),
            SPEC,
            on_month=lambda: None,
        )
        with open_instance(settings):
            return dict(os.environ)


def environment_of(book: BookFolders) -> dict[str, str]:
    """The variables under which a book is found with its own history."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CREDIT_")}
    return inherited | {
        "CREDIT_DATA_DIR": str(book.data_dir),
        "CREDIT_RAW_DIR": str(book.raw_dir),
        "CREDIT_POLICY_DIR": str(book.policy_dir),
        "DAGSTER_HOME": str(book.data_dir / ".dagster"),
    }


@contextmanager
def dagster_ui(
    environment: dict[str, str], log: Path, *, is_to_look_at: bool = False, books: Sequence[str] = ()
) -> Iterator[DagsterServer]:
    """The UI in the checkout, as a newcomer starts it, on a free port; no daemon where nothing is to run."""
    port = _free_port()
    program = [sys.executable, "-m", "dagster_webserver"]
    command = [*(program if is_to_look_at else [_CREDIT_PLATFORM, "ui"]), "--port", str(port)]
    command += [word for name in books for word in ("--portfolio", name)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    api = DagsterApi(port)
    try:
        wait_until(api.is_loaded, seconds=180, what=f"the UI loads the platform; its log is {log}")
        yield DagsterServer(f"http://127.0.0.1:{port}", api)
    finally:
        _end(process)


@pytest.fixture(scope="module")
def book_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A generated book, by its environment."""
    return generated_book(tmp_path_factory.mktemp("browser") / "book")


@pytest.fixture(scope="module")
def dagster_server(book_environment: dict[str, str], pictures: Path) -> Iterator[DagsterServer]:
    """A server over the generated book."""
    with dagster_ui(book_environment, pictures / "ui.log") as server:
        yield server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and everything it started, which shares its process group."""
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where the tests leave what they saw: `test-output/browser`, or that folder in CREDIT_TEST_OUTPUT."""
    folder = Path(os.environ.get("CREDIT_TEST_OUTPUT", CHECKOUT / "test-output")) / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser of this machine: the one CHROMIUM names, or the first one on the path.

    Playwright keeps an event loop running in this process, under which no Dagster run of another module could start.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium on this machine; name one in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@contextmanager
def fresh_tab(
    chromium: Browser, server: DagsterServer, pictures: Path, *, width: int = 1600, height: int = 1000
) -> Iterator[DagsterPage]:
    """A tab of its own; fails in the end when the UI logged an error or got one from the server."""
    context = chromium.new_context(viewport={"width": width, "height": height})
    ui = DagsterPage(context.new_page(), server.address, pictures)
    yield ui
    context.close()
    assert not ui.problems


@pytest.fixture
def ui(dagster_server: DagsterServer, chromium: Browser, pictures: Path) -> Iterator[DagsterPage]:
    """A fresh tab on the server over the generated book."""
    with fresh_tab(chromium, dagster_server, pictures) as tab:
        yield tab
