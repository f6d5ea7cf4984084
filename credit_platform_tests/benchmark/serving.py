"""What a decision online costs, beside the plain call of both versions on features that are there already.

Alone, on a book that lived: `python -m credit_platform_tests.benchmark.serving DATA_FOLDER [SECONDS]`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.serving.decider import Decider
from credit_platform_tests.benchmark.serving_load import load

Line = tuple[str, str, str]
_READY_SECONDS = 60
_SOURCES = ("features_attributes", "features_financials")


def serving_lines(data_dir: Path, *, seconds: float = 30) -> Iterator[Line]:
    """The lines of the benchmark; none of a book without a version in force.

    Args:
        data_dir: of a book of loans that was trained.
        seconds: that each load lasts; the bar is for 300.
    """
    lake, policy = Lake.at(data_dir, portfolio=LOANS), LOANS.load_policy()
    in_force = Decider(lake, LOANS, policy).in_force
    if in_force is None:
        yield "decisions online", "no version is in force", ""
        return
    records = _records(lake)
    versions = [lake.versions.read(model, name).fitted(policy.model) for model, name in in_force.versions.items()]
    features = lake.scan("gold/feature_store", lake.months("gold/feature_store")[-1:]).collect()

    def plain(n: int) -> float:
        rows = features.sample(n, with_replacement=True, seed=1)
        return _milliseconds(lambda: [version.predict(rows) for version in versions])

    one, thousand = plain(1), plain(1000)
    yield "both versions, plain call, 1 application", f"{one:.1f} ms", ""
    yield "both versions, plain call, 1,000 applications", f"{thousand:.0f} ms", ""
    singles = [_body([record]) for record in records[:1000]]
    with _service(data_dir) as (port, ready, process):
        yield "service ready", f"{ready:.1f} s", "5 s"
        load(port, singles, rate=50, seconds=3)
        single = load(port, singles, rate=300, seconds=seconds)
        bar = f"300/s, p99 {min(50, 10 * one):.0f} ms, 0 errors"
        yield f"300 single applications a second, {seconds:.0f} s", str(single), bar
        tens = [_body(records[n : n + 10]) for n in range(0, len(records) - 9, 10)]
        yield f"100 requests of 10 a second, {seconds:.0f} s", str(load(port, tens, rate=100, seconds=seconds)), "100/s"
        large = _body([records[n % len(records)] | {"loan_id": f"B{n}"} for n in range(1000)])
        whole = load(port, [large], rate=0.5, seconds=10)
        yield "1,000 applications in a request", f"p50 {whole.percentile(0.5):.0f} ms", f"{3 * thousand:.0f} ms"
        yield "memory of the service", f"{_memory(process):.0f} MB", "400 MB"


def _records(lake: Lake) -> list[dict[str, object]]:
    """The newest applications as the sources delivered them; clickstream is left to the lake."""
    months = lake.months("gold/feature_store")[-3:]
    cases = lake.scan("gold/feature_store", months).select("loan_id", "customer_id", "snapshot_month").collect()
    rows = {
        source: {
            row["Customer_ID"]: {name: row[name] for name in LOANS.source(source).columns}
            for row in lake.scan(f"bronze/{source}", months).collect().iter_rows(named=True)
        }
        for source in _SOURCES
    }
    return [
        {
            "loan_id": case["loan_id"],
            "Customer_ID": case["customer_id"],
            "snapshot_date": case["snapshot_month"].isoformat(),
            **{source: {**of[case["customer_id"]], "snapshot_date": None} for source, of in rows.items()},
        }
        for case in cases.iter_rows(named=True)
        if all(case["customer_id"] in of for of in rows.values())
    ]


def _body(records: list[dict[str, object]]) -> bytes:
    return json.dumps({"records": records}).encode()


def _milliseconds(call: Callable[[], object], *, n: int = 15) -> float:
    call()
    taken = []
    for _ in range(n):
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    return sorted(taken)[n // 2] * 1000


@contextmanager
def _service(data_dir: Path) -> Iterator[tuple[int, float, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("credit-platform")), "serve", "--port", str(port)]
    began = time.perf_counter()
    environment = {**os.environ, "CREDIT_DATA_DIR": str(data_dir)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            while not _is_ready(port):
                if process.poll() is not None or time.perf_counter() - began > _READY_SECONDS:
                    message = "the service did not become ready"
                    raise RuntimeError(message)
                time.sleep(0.05)
            yield port, time.perf_counter() - began, process.pid
        finally:
            process.terminate()


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def _memory(process: int) -> float:
    """Resident memory in MB, where the system says it."""
    status = Path(f"/proc/{process}/status")
    if not status.is_file():
        return float("nan")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    for line in serving_lines(Path(sys.argv[1]), seconds=float(sys.argv[2]) if sys.argv[2:] else 30):
        Console(width=150).print(" | ".join(line), highlight=False)
