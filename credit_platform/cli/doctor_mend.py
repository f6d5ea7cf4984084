"""What the doctor puts right when told to: only what needs no decision and loses nothing.

Finding it out belongs to the other doctor modules.
"""

import fcntl
import os
import time

from credit_platform.cli.doctor_data import ABANDONED_AFTER_SECONDS
from credit_platform.cli.instance import moved_from, prepare_home
from credit_platform.lake.catalog import monthly_tables, refresh_datamart
from credit_platform.lake.files import drop_torn_line, sweep_parts
from credit_platform.lake.layout import Layout
from credit_platform.settings import Settings, dagster_home


def mend(settings: Settings) -> list[str]:
    """Sweep half-written files, cut off torn lines, point history and views at this folder; says what was done."""
    layout, home = Layout(settings.data_dir, settings.raw_dir), dagster_home(settings.data_dir)
    done: list[str] = []
    swept = sweep_parts(settings.data_dir, older_than_seconds=ABANDONED_AFTER_SECONDS, now=time.time())
    if swept:
        done.append(f"Removed {swept} half-written files.")
    if moved_from(home) is not None:
        prepare_home(settings)
        done.append(f"The run history is the one in {home} again.")
    done += [f"Cut off the torn last line of {name}." for name in _mend_logs(layout)]
    if monthly_tables(layout):
        refresh_datamart(layout)
        done.append(f"Made the views of {layout.datamart} anew.")
    return done


def _mend_logs(layout: Layout) -> list[str]:
    mended: list[str] = []
    for folder in (layout.audit_log().parent, layout.alerts().parent):
        for file in sorted(folder.glob("*.jsonl")):
            with file.open("rb+") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                before = os.fstat(stream.fileno()).st_size
                drop_torn_line(stream.fileno())
                if os.fstat(stream.fileno()).st_size != before:
                    mended.append(file.name)
    return mended
