"""Requests that schemathesis makes up from the service's description are answered as that says, and never with 5xx."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from credit_platform_tests.serving.http.running import running

# Its pytest plugin is switched off in pyproject.toml, as it does not work with the pytest we have.
schemathesis: Any = pytest.importorskip("schemathesis")
checks: Any = pytest.importorskip("schemathesis.specs.openapi.checks")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_any_request_is_answered_as_the_description_says(tmp_path: Path) -> None:
    tried: set[tuple[str, int]] = set()
    with running(tmp_path) as service:
        url = f"http://127.0.0.1:{service.port}"
        described = schemathesis.openapi.from_url(f"{url}/openapi.json")
        operations = [found.ok() for found in described.get_all_operations()]
        for operation in operations:
            for mode in schemathesis.GenerationMode:
                if mode.is_negative and operation.method == "get":
                    continue

                @given(operation.as_strategy(generation_mode=mode))
                @settings(
                    max_examples=60, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
                )
                def ask(case: Any) -> None:
                    answer = case.call(base_url=url)
                    tried.add((case.path, answer.status_code))
                    # What a book refuses of raw cells is more than their types, and to say so is what is asked here.
                    excluded = [checks.positive_data_acceptance]
                    excluded += [checks.negative_data_rejection] if case.path == "/v1/validate" else []
                    case.validate_response(answer, excluded_checks=excluded)

                ask()
    assert len(operations) == 9
    assert {("/v1/predict", 422), ("/v1/predict", 400), ("/v1/validate", 200), ("/metrics", 200)} <= tried
    assert max(status for _, status in tried) < 500
