"""What the service counts, for Prometheus and minute by minute for the table of the month.

Where each number is counted belongs to the modules that count; writing minutes, to `lake.governance.service_minutes`.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from credit_platform.lake.governance.service_minutes import Counted, RequestCounts
from credit_platform.monitoring.service_month import BROKEN_OFF

METRICS_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
_BOUNDS = (*map(str, _SECONDS), "inf")
_PREFIX = "credit_platform"


class ServiceMetrics:
    """The numbers of one process.

    Attributes:
        minutes: the requests that are not yet written down, by minute (UTC).
    """

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)) -> None:
        self.minutes: dict[str, Counted] = {}
        self._clock = clock
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            f"{_PREFIX}_requests", "Requests answered", ("endpoint", "status_class"), registry=registry
        )
        self.latency = Histogram(
            f"{_PREFIX}_request_seconds",
            "From the headers of a request to the end of its answer",
            ("endpoint",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.scored = Counter(
            f"{_PREFIX}_records_scored",
            "Records scored, by champion and in the shadow",
            ("model", "version", "use"),
            registry=registry,
        )
        self.decisions = Counter(
            f"{_PREFIX}_decisions", "Decisions logged, by outcome", ("decision",), registry=registry
        )
        self.refused = Counter(f"{_PREFIX}_records_refused", "Records refused for a fault", registry=registry)
        self.waiting = Gauge(f"{_PREFIX}_queue_records", "Records that wait to be scored", registry=registry)
        self.batch = Histogram(f"{_PREFIX}_batch_records", "Records scored at once", buckets=_SIZES, registry=registry)
        self.append = Histogram(
            f"{_PREFIX}_log_append_seconds",
            "Writing a group of records to the log, synced",
            buckets=_SECONDS,
            registry=registry,
        )
        self.replayed = Counter(
            f"{_PREFIX}_answers_replayed", "Requests answered by a stored answer", registry=registry
        )
        self.in_force = Gauge(
            f"{_PREFIX}_version_in_force",
            "1 for the version of each model that scores",
            ("model", "version"),
            registry=registry,
        )

    def answered(self, endpoint: str, status: int, seconds: float, n_records: int) -> None:
        """Count a request; a status of 0 says that it ended without an answer."""
        status_class = f"{status // 100}xx" if status else BROKEN_OFF
        self.requests.labels(endpoint, status_class).inc()
        self.latency.labels(endpoint).observe(seconds)
        size = "several" if n_records > 1 else "single" if n_records else "none"
        minute = self.minutes.setdefault(f"{self._clock():%Y-%m-%dT%H:%MZ}", {})
        counts = minute.setdefault((endpoint, size), RequestCounts())
        counts.add({status_class: 1}, {_BOUNDS[bisect_left(_SECONDS, seconds)]: 1}, n_records)

    def take_minutes(self) -> dict[str, Counted]:
        """The requests that are not yet written down, which are the caller's to write from now on."""
        taken, self.minutes = self.minutes, dict[str, Counted]()
        return taken

    def decided(self, decisions: Sequence[Mapping[str, Any]]) -> None:
        """Count decisions that were logged."""
        for one in decisions:
            self.decisions.labels(one["decision"]).inc()
            self.scored.labels(one["model"], one["model_version"], "champion").inc()
            for shadow in one["shadow"]:
                self.scored.labels(shadow["model"], shadow["model_version"], "shadow").inc()

    def uses(self, versions: Mapping[str, str]) -> None:
        """Say which versions are in force."""
        self.in_force.clear()
        for model, version in versions.items():
            self.in_force.labels(model, version).set(1)

    def page(self) -> bytes:
        """All of it in the text format of Prometheus."""
        return generate_latest(self._registry)
