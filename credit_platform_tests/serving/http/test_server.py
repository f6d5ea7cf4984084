"""The process that serves: where it may listen, how it ends, and that nothing it answered is lost when it is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import httpx
import pytest

from credit_platform.errors import SettingsError
from credit_platform.lake.governance.api_keys import ApiKeyFile
from credit_platform.lake.governance.online_decisions import OnlineDecisionLog
from credit_platform.serving.http.limits import ServiceLimits
from credit_platform.serving.http.server import ServiceAddress, ServiceProcess
from credit_platform_tests.serving.http.fake_scorer import FakeScorer
from credit_platform_tests.serving.http.running import body, layout_of, record, running, sent_raw

PROGRAM = """
import sys
from functools import partial
from pathlib import Path
from credit_platform.serving.http.server import ServiceAddress, ServiceProcess
from credit_platform_tests.serving.http.fake_scorer import FakeScorer
from credit_platform_tests.serving.http.running import layout_of
if __name__ == "__main__":
    folder, workers = Path(sys.argv[1]), int(sys.argv[2])
    sys.exit(ServiceProcess(FakeScorer, partial(layout_of, folder), ServiceAddress(port=0)).run(workers=workers))
"""


@contextmanager
def in_a_process(folder: Path, workers: int = 1) -> Iterator[tuple[subprocess.Popen[str], httpx.Client, list[str]]]:
    """A service in a process of its own, a client, and the lines it says; killed at the end if it lives."""
    program = folder / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(program), str(folder), str(workers)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    said: list[str] = []
    first: SimpleQueue[str] = SimpleQueue()

    def listen() -> None:
        for line in process.stderr or ():
            said.append(line)
            first.put(line)

    listener = Thread(target=listen)
    listener.start()
    try:
        port = json.loads(first.get(timeout=60))["port"]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            yield process, client, said
    finally:
        if process.poll() is None:
            # A process that is stopped starts no others in the place of those killed.
            process.send_signal(signal.SIGSTOP)
            for pid in (*children(process.pid), process.pid):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        listener.join()
        if process.stderr:
            process.stderr.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "service.example.org"])  # noqa: S104 - it is refused
def test_an_address_that_others_reach_wants_keys(tmp_path: Path, host: str) -> None:
    process = ServiceProcess(FakeScorer, partial(layout_of, tmp_path), ServiceAddress(host, 0))
    with pytest.raises(SettingsError, match=r"no key is configured\. Make one \(credit-platform serve-key add"):
        process.run()
    ApiKeyFile(layout_of(tmp_path)).add("bank", role="score")
    process.require_keys()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_none(tmp_path: Path, host: str) -> None:
    ServiceProcess(FakeScorer, partial(layout_of, tmp_path), ServiceAddress(host)).require_keys()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = ServiceAddress(port=taken.getsockname()[1])
        with pytest.raises(SettingsError, match=r"nothing can listen there: .* Choose another --port"):
            ServiceProcess(FakeScorer, partial(layout_of, tmp_path), address).run()


def test_a_service_that_cannot_begin_ends_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = layout_of(tmp_path)
    layout.online_decisions().parent.mkdir(parents=True)
    layout.online_decisions().write_text("in the place of the folder")
    assert ServiceProcess(FakeScorer, lambda: layout, ServiceAddress(port=0)).run() == 1
    assert "cannot be written: File exists" in capsys.readouterr().err


def test_requests_under_way_are_answered_when_it_is_told_to_end(tmp_path: Path) -> None:
    with running(tmp_path) as service, ThreadPoolExecutor(2) as pool:
        service.scorer.is_free.clear()
        first = pool.submit(service.post)
        service.scorer.called.acquire(timeout=60)
        second = pool.submit(service.post, "/v1/predict", body(record("loan-2")))
        while service.client.get("/metrics").text.find("credit_platform_queue_records 1.0") < 0:
            pass
        service.server.should_exit = True
        service.scorer.is_free.set()
        service.thread.join(60)
        assert [first.result().status_code, second.result().status_code] == [200, 200]
    assert len(service.logged()) == 2
    assert OnlineDecisionLog(service.layout).verify() == []
    events = [json.loads(line)["event"] for line in (tmp_path / "audit/online/segments.jsonl").read_text().splitlines()]
    assert events == ["opened", "closed"]


def test_a_process_ends_well_by_sigterm(tmp_path: Path) -> None:
    with in_a_process(tmp_path) as (process, client, said):
        assert client.post("/v1/predict", json=body()).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    lines = [json.loads(line) for line in said]
    assert all("request_id" in line for line in lines)
    assert lines[-1]["event"] == "stopped"
    assert OnlineDecisionLog(layout_of(tmp_path)).verify() == []


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGE",
    ],
)
def test_a_client_that_sends_no_whole_request_is_let_go(tmp_path: Path, sent: bytes) -> None:
    with running(tmp_path, limits=ServiceLimits(header_seconds=0.1)) as service:
        sent_raw(service.port, sent)
        assert service.client.get("/health").status_code == 200


def test_a_body_that_comes_too_slowly_is_refused(tmp_path: Path) -> None:
    head = (
        b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )
    with running(tmp_path, limits=ServiceLimits(body_seconds=0.1, header_seconds=0.5)) as service:
        assert sent_raw(service.port, head).startswith(b"HTTP/1.1 408 ")


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_that_was_answered_is_lost_or_doubled_by_kills_at_load(tmp_path: Path, workers: int) -> None:
    """Clients send with keys until each has its answer, while the processes that score are killed."""
    answers: dict[str, str] = {}

    def send(client: httpx.Client, n: int) -> None:
        for _ in range(20):
            try:
                answer = client.post(
                    "/v1/predict", json=body(record(f"loan-{n}")), headers={"Idempotency-Key": f"key-{n}"}
                )
            except httpx.TransportError:
                return
            if answer.status_code == 200:
                answers[f"loan-{n}"] = answer.json()["predictions"][0]["decision_id"]
                return

    for _ in range(4):
        with in_a_process(tmp_path, workers) as (process, client, _), ThreadPoolExecutor(8) as pool:
            assert client.get("/ready").status_code == 200
            todo = [n for n in range(600) if f"loan-{n}" not in answers]
            jobs = [pool.submit(send, client, n) for n in todo]
            for job in jobs[: len(jobs) // 4]:
                job.result()
            for child in children(process.pid) or [process.pid]:
                os.kill(child, signal.SIGKILL)
            for job in jobs:
                job.result()
    logged = [
        (one.content["decisions"][0]["case"], one.place.decision_id(0))
        for one in OnlineDecisionLog(layout_of(tmp_path)).requests()
    ]
    assert len(answers) > 300
    assert answers.items() <= dict(logged).items()
    assert len({case for case, _ in logged}) == len(logged), "a decision was logged twice"
    assert OnlineDecisionLog(layout_of(tmp_path)).verify() == []


def children(pid: int) -> list[int]:
    """The processes that a process started to score."""
    found = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line.split()[0]) for line in found.stdout.splitlines() if "spawn_main" in line]
