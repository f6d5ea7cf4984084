"""What the doctor puts right when told to: only what needs no decision and loses nothing.

Finding it out belongs to the other doctor modules.
"""

import time
from collections.abc import Callable
from pathlib import Path

from credit_platform.cli.doctor.data import ABANDONED_AFTER_SECONDS
from credit_platform.cli.doctor.findings import text_of
from credit_platform.cli.instance import moved_from, prepare_home
from credit_platform.lake.files import cut_off_torn_line, sweep_parts
from credit_platform.lake.layout import Layout
from credit_platform.lake.tables.catalog import monthly_tables, refresh_datamart
from credit_platform.settings import Settings, dagster_home


def mend(settings: Settings) -> list[str]:
    """Sweep half-written files, cut off torn lines, point history and views at this folder; says what was done.

    What cannot be mended is said as well, and does not keep the rest from it.
    """
    layout, home = Layout.of(settings.data_dir, settings.raw_dir, settings.portfolio), dagster_home(settings.data_dir)
    steps: dict[str, Callable[[], list[str]]] = {
        "leftovers": lambda: _sweep(settings.data_dir),
        "history": lambda: _repoint(settings, home),
        "logs": lambda: _mend_logs(layout),
        "views": lambda: _make_views(layout),
    }
    done: list[str] = []
    for name, step in steps.items():
        try:
            done += step()
        except Exception as fault:  # noqa: BLE001 - the look at the same thing says what to do
            done.append(f"Could not mend {name}: {text_of(fault)}.")
    return done


def _sweep(folder: Path) -> list[str]:
    swept = sweep_parts(folder, older_than_seconds=ABANDONED_AFTER_SECONDS, now=time.time())
    return [f"Removed {swept} half-written files."] if swept else []


def _repoint(settings: Settings, home: Path) -> list[str]:
    if moved_from(home) is None:
        return []
    prepare_home(settings)
    return [f"The run history is the one in {home} again."]


def _make_views(layout: Layout) -> list[str]:
    if not monthly_tables(layout):
        return []
    refresh_datamart(layout)
    return [f"Made the views of {layout.datamart} anew."]


def _mend_logs(layout: Layout) -> list[str]:
    folders = layout.audit_log().parent, layout.alerts().parent
    logs = [file for folder in folders for file in sorted(folder.glob("*.jsonl"))]
    return [f"Cut off the torn last line of {file.name}." for file in logs if cut_off_torn_line(file)]
