"""What the doctor looks at in the run history: Dagster's instance, its databases, its daemon, schedules and sensors.

It changes nothing. Making the instance belongs to `instance`.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import yaml
from sqlalchemy.exc import SQLAlchemyError

from credit_platform.cli.doctor.findings import DoctorFinding, error, first_of, warning, well
from credit_platform.cli.instance import INSTANCE_FILE, beating_daemons, history_storage, moved_from
from credit_platform.instance.shared_history import location_name, own_runs
from credit_platform.lake.book_file import Automation
from credit_platform.lake.files import plain_path
from credit_platform.portfolios.portfolio import Portfolio

_START = "Start the UI, which brings the daemon: make ui."


def history_findings(home: Path, portfolio: Portfolio, automation: Automation) -> list[DoctorFinding]:
    """Everything about the history a home folder keeps."""
    file = home / INSTANCE_FILE
    if not file.is_file():
        return [warning("history", f"none yet at {home}", "The first backfill, or make demo, begins one.")]
    try:
        old, storage = moved_from(home), history_storage(home)
    except (yaml.YAMLError, OSError) as fault:
        return [error("history", f"{file} cannot be read: {fault}", "Correct it, or remove it to have it made anew.")]
    if old is not None:
        mend = "Run credit-platform doctor --mend; backfill and make ui do it too. dagster dev alone would not."
        return [warning("history", f"{file} still leads to {old}: the folder was moved or copied", mend)]
    findings = check_databases(storage) if storage is not None else []
    # Opening a history that is not there would make one.
    if any(finding.level != "ok" for finding in findings):
        return findings
    try:
        with dg.DagsterInstance.from_config(str(plain_path(home))) as instance:
            n_runs = len(own_runs(portfolio, instance.get_runs()))
            return [
                *findings,
                well("history", f"{n_runs:,} runs at {home}"),
                check_daemon(instance, automation),
                check_instigators(instance, portfolio),
            ]
    except (dg.DagsterError, OSError, SQLAlchemyError) as fault:
        said = str(fault).strip().splitlines()[0]
        return [*findings, error("history", f"the instance does not open: {said}", f"Correct {file}.")]


def check_databases(storage: Path) -> list[DoctorFinding]:
    """SQLite finds every database of the history whole."""
    files = sorted(storage.rglob("*.db"))
    if not files:
        return [warning("history databases", f"none yet below {storage}", "The first run makes them.")]
    torn = [file.name for file in files if _fault_of(file) is not None]
    if torn:
        mend = (
            f"Restore {storage} from a backup. Tables, versions and decisions do not lie there and are not touched; "
            "without a backup, move the folder away and build a month again."
        )
        return [error("history databases", f"{first_of(torn)} of {len(files)} cannot be read whole", mend)]
    return [well("history databases", f"{len(files)} whole")]


def _fault_of(file: Path) -> str | None:
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            (said,) = connection.execute("pragma quick_check(1)").fetchone()
            # The check leaves pages that no table uses alone; a database of Dagster's has tables.
            connection.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.DatabaseError as fault:
        return str(fault)
    return None if said == "ok" else str(said)


def check_daemon(instance: dg.DagsterInstance, automation: Automation) -> DoctorFinding:
    """Where schedules and sensors are to run, a daemon is there to run them."""
    parts = beating_daemons(instance)
    silent = [name.lower() for name, is_beating in parts.items() if not is_beating]
    if not silent:
        return well("daemon", f"{len(parts)} parts beat")
    if automation == "stopped":
        return well("daemon", "not running; automation is stopped, so nothing waits for it")
    return warning("daemon", f"automation is running, and no heartbeat of {first_of(silent)}", _START)


def check_instigators(instance: dg.DagsterInstance, portfolio: Portfolio) -> DoctorFinding:
    """No schedule or sensor of the book that is switched on failed when it last looked."""
    own = location_name(portfolio)
    states = [
        state
        for state in instance.all_instigator_state()
        if state.is_running and state.origin.repository_origin.code_location_origin.location_name == own
    ]
    ticks = [instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1) for state in states]
    failed = {state.instigator_name for state, last in zip(states, ticks, strict=True) if last and last[0].is_failure}
    if failed:
        mend = "Open it in the UI (Automation), read the error of its last tick, mend the cause; it looks again itself."
        return warning("schedules and sensors", f"the last look of {first_of(sorted(failed))} failed", mend)
    return well("schedules and sensors", f"{len(states)} switched on" if states else "none has been switched on")
