"""A data folder of a few hand-made files that state true hashes of each other, as the platform's do.

What is expected of comparing two of them stands in test_same_life.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl

MONTHS = ("2024-01-01", "2024-02-01")
OLD_KEY, NEW_KEY = "logistic_regression", "scorecard"


@dataclass
class TinyLife:
    """One life below a folder; what differs between two of them is given when it is made."""

    folder: Path
    model: str = OLD_KEY
    coefficient: float = 0.25
    commit: str = "a" * 40

    def live(self) -> TinyLife:
        """Write the version, two monthly tables, the logs and a page."""
        policy = {"model": {"models": {self.model: {"alias": "model_1"}}}}
        policy_sha256 = _sha256(json.dumps(policy, sort_keys=True).encode())
        self.write(f"archive/policy/{policy_sha256}.json", _document(policy))
        version, manifest_sha256 = self._train(policy_sha256)
        written: dict[str, dict[str, str]] = {table: {} for table in ("gold/label_store", f"prediction/{self.model}")}
        for month in MONTHS:
            labels = pl.DataFrame({"loan_id": ["a", "b", None], "label": [0, 1, 0]})
            scores = labels.select(
                "loan_id", model=pl.lit(self.model), model_version=pl.lit(version), score=pl.Series([0.1, 0.2, 0.3])
            )
            for table, frame in zip(written, (labels, scores), strict=True):
                written[table][month] = self.write_month(table, month, frame)
        editions = [
            {"time": "t", "table": table, "months": months, "policy_sha256": policy_sha256, "git_commit": self.commit}
            for table, months in sorted(written.items())
        ]
        self.write("audit/editions.jsonl", b"".join(json.dumps(each).encode() + b"\n" for each in editions))
        self._register(version, manifest_sha256)
        figure = json.dumps({"data": [{"name": self.model, "y": [0.1, 0.2]}]})
        self.write(
            "reports/page.html",
            f"<h2>{self.model} {version}</h2><p>Commit {self.commit}</p>"
            f"<script type='application/json' data-figure='scores'>{figure}</script></html>".encode(),
        )
        return self

    def write(self, name: str, content: bytes) -> str:
        """Write a file; returns its hash."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return _sha256(content)

    def write_month(self, table: str, month: str, frame: pl.DataFrame) -> str:
        """Write a month of a table; returns the hash of the file."""
        file = self.folder / table / f"{month}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(file)
        return _sha256(file.read_bytes())

    @property
    def version(self) -> Path:
        """The folder of the version."""
        return next((self.folder / "models" / self.model).iterdir())

    def _train(self, policy_sha256: str) -> tuple[str, str]:
        metadata = {"model": self.model, "policy_sha256": policy_sha256}
        files = {"metadata.json": _document(metadata), "model.json": _document({"weights": [self.coefficient, 2.0]})}
        digests = {name: _sha256(content) for name, content in files.items()}
        version = f"2024-01-01-{_sha256(_document(digests))[:12]}"
        manifest = {"as_of": "2024-01-01", "git_commit": self.commit, "model": self.model}
        manifest |= {"model_version": version, "sha256": digests, "policy_sha256": policy_sha256}
        manifest["manifest_sha256"] = _sha256(_document(manifest))
        for name, content in {**files, "manifest.json": _document(manifest)}.items():
            self.write(f"models/{self.model}/{version}/{name}", content)
        return version, str(manifest["manifest_sha256"])

    def _register(self, version: str, manifest_sha256: str) -> None:
        record: dict[str, object] = {"sequence": 1, "time": "t", "action": "registered", "model": self.model}
        record |= {"model_version": version, "details": {"manifest_sha256": manifest_sha256}}
        record |= {"git_commit": self.commit, "previous_sha256": "0" * 64}
        record["sha256"] = _sha256(json.dumps(record).encode())
        self.write("audit/audit.jsonl", json.dumps(record).encode() + b"\n")
        head = {"sequence": 1, "sha256": record["sha256"]}
        self.write("audit/audit_head.json", json.dumps(head).encode() + b"\n")


def _document(content: object) -> bytes:
    return (json.dumps(content, sort_keys=True, indent=1) + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
