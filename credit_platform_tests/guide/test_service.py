"""The client of the page on the service gets its decisions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from credit_platform_tests.guide.pages import GUIDE, blocks_of, section
from credit_platform_tests.serving.http.running import record, running


def test_the_client_in_ten_lines_has_records_decided_once_per_key(tmp_path: Path) -> None:
    [python, curl] = blocks_of(section((GUIDE / "service.md").read_text(encoding="utf-8"), "A client in ten lines"))
    assert (python.language, curl.language) == ("python", "sh")
    names: dict[str, Any] = {}
    exec(python.text, names)  # noqa: S102 - it is our own page
    decide: Callable[..., list[dict[str, object]]] = names["decide"]
    assert len([line for line in python.text.splitlines() if line]) <= 10
    with running(tmp_path) as service:
        url = f"http://127.0.0.1:{service.port}"
        answers = [decide([record()], "asked-once", url=url) for _ in range(2)]
        assert answers[0] == answers[1]
        assert answers[0][0]["decision"] == "approve"
        assert len(service.logged()) == 1
