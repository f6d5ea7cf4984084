"""A policy folder for a test."""

from __future__ import annotations

from pathlib import Path


def write(folder: Path, *, model: str | None = None, monitoring: str | None = None, suffix: str = "yaml") -> Path:
    for name, text in (("model_config", model), ("monitoring_thresholds", monitoring)):
        if text is not None:
            (folder / f"{name}.{suffix}").write_text(text, encoding="utf-8")
    return folder
