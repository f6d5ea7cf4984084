"""The verb `doctor`: looks at the machine, the settings, the history and the data, and says how to mend each.

It puts right what needs no decision and loses nothing, when told to. What is looked at is in `machine`, `history`,
`data` and `content`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from credit_platform.cli.doctor.content import content_findings
from credit_platform.cli.doctor.data import ABANDONED_AFTER_SECONDS, data_findings
from credit_platform.cli.doctor.findings import DoctorFinding, error, findings_of, text_of
from credit_platform.cli.doctor.history import history_findings
from credit_platform.cli.doctor.machine import check_algorithms, check_foreign_words, machine_findings
from credit_platform.cli.instance import moved_from, prepare_home
from credit_platform.errors import PolicyError, SettingsError
from credit_platform.lake.files import cut_off_torn_line, sweep_parts
from credit_platform.lake.layout import Layout
from credit_platform.lake.tables.catalog import monthly_tables, refresh_datamart
from credit_platform.settings import DEFAULT_DATA_DIR, Settings, dagster_home, load_settings

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def mend(settings: Settings) -> list[str]:
    """Sweep half-written files, cut off torn lines, point history and views at this folder; says what was done.

    What cannot be mended is said as well, and does not keep the rest from it.
    """
    layout, home = Layout.of(settings.data_dir, settings.raw_dir, settings.portfolio), dagster_home(settings)
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


def examine(settings: Settings | None, trouble: DoctorFinding | None, *, port: int) -> list[DoctorFinding]:
    """Everything there is to say; without settings about the machine alone, and why there are none."""
    folder = settings.data_dir if settings else DEFAULT_DATA_DIR
    findings = findings_of("machine", lambda: machine_findings(folder, port=port))
    if settings is None:
        return [*findings, *([trouble] if trouble else [])]
    policy = check_algorithms(settings.policy.model, retrain_below=settings.overrides.retrain_below)
    words = check_foreign_words(settings.foreign_words)
    home = dagster_home(settings)
    history = findings_of("history", lambda: history_findings(home, settings.portfolio, settings.automation))
    return [*findings, policy, *words, *history, *data_findings(settings, home), *content_findings(settings)]


def settings_or_trouble() -> tuple[Settings | None, DoctorFinding | None]:
    """The settings, or what is wrong with the environment, platform.yaml or the policy."""
    try:
        return load_settings(), None
    except PolicyError as fault:
        mend = "Correct the value; the shipped files in credit_platform/policy show what each may be."
        return None, error("policy", str(fault), mend)
    except SettingsError as fault:
        return None, error("settings", str(fault), "Correct the variable or the file it names.")


def show_findings(console: Console, *, port: int, is_json: bool, is_mending: bool) -> int:
    """Print every finding, after mending what needs no decision if asked to; 1 where anything is broken."""
    settings, trouble = settings_or_trouble()
    done = mend(settings) if is_mending and settings is not None else []
    findings = examine(settings, trouble, port=port)
    errors = sum(finding.level == "error" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    if is_json:
        print(json.dumps({"errors": errors, "warnings": warnings, "mended": done, "findings": _dicts(findings)}))
        return 1 if errors else 0
    for line in done:
        console.print(line, soft_wrap=True, highlight=False)
    console.print(findings_table(findings))
    verdict = f"{errors} broken, {warnings} to know of." if errors or warnings else "All is well."
    console.print(verdict, highlight=False)
    return 1 if errors else 0


def findings_table(findings: list[DoctorFinding]) -> Table:
    """The findings as a table for the terminal."""
    table = Table()
    table.add_column("looked at", no_wrap=True)
    table.add_column("is", no_wrap=True)
    table.add_column("found", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for finding in findings:
        colour = _COLOURS[finding.level]
        table.add_row(finding.check, f"[{colour}]{finding.level}[/]", escape(finding.found), escape(finding.mend))
    return table


def _dicts(findings: list[DoctorFinding]) -> list[dict[str, str]]:
    return [asdict(finding) for finding in findings]
