"""What the service counts for Prometheus.

Where each number is counted belongs to the modules that count.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

METRICS_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
_PREFIX = "credit_platform"


class ServiceMetrics:
    """The numbers of one process."""

    def __init__(self) -> None:
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
