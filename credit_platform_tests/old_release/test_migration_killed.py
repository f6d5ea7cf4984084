"""A migration that is killed anywhere and run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.tables.table_versions import TableVersionLog
from credit_platform_tests.old_release.folders import bring_up_to_date
from credit_platform_tests.old_release.migration_folders import COMMAND, contents, reported
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = [
    *PREVIEW_ALLOWED,
    pytest.mark.filterwarnings("ignore::credit_platform.previous_release.OldNameWarning"),
]


# The process kills itself at the first thing it does that an argument names: a file moved, removed, or an event.
KILLED = """
import os, signal, sys
import credit_platform.cli.migrate.history as history
from credit_platform.cli.main import main

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

what, where, after = sys.argv.pop(), sys.argv.pop(), int(sys.argv.pop())
seen = 0
def look(event, args):
    global seen
    if event == what and where in str(args[1] if event in {"os.rename", "os.link"} else args[0]):
        seen += 1
        if seen > after:
            die()

report = history.RenamedAssets._report
def counted(self, repeat):
    look("report", (repeat.key.to_user_string(),))
    return report(self, repeat)

history.RenamedAssets._report = counted
sys.addaudithook(look)
sys.argv = ["credit-platform", "migrate"]
main()
"""


KILLS = (
    ("os.rename", "monitoring/history/", 4),
    ("os.rename", "monitoring/scorecard/action/", 3),
    ("os.remove", "monitoring/logistic_regression/action/", 2),
    ("os.link", "archive/prediction/", 4),
    ("os.rename", "audit/audit_head.json", 0),
    ("os.rename", "models/scorecard/", 2),
    ("os.rename", "retrain_scorecard", 1),
    ("report", "prediction/scorecard", 5),
    ("report", "monitoring/dashboard", 1),
    ("os.rename", "reports/months/", 1),
    ("os.rename", "reports/models/scorecard/", 3),
    ("os.rename", "datamart.duckdb", 0),
    ("os.remove", "unfinished-migration.txt", 0),
)


def test_it_may_be_killed_anywhere_and_run_again(unmigrated: BookFolders, old_book: BookFolders) -> None:
    variables = {
        "CREDIT_DATA_DIR": str(unmigrated.data_dir),
        "CREDIT_RAW_DIR": str(unmigrated.raw_dir),
        "CREDIT_POLICY_DIR": str(unmigrated.policy_dir),
    }
    for what, where, after in KILLS:
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, str(after), where, what],
            env=os.environ | variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL, (what, where, killed.stdout, killed.stderr[-2000:])
        refused = unmigrated.verb("models")
        assert (refused.returncode, COMMAND in refused.stderr) == (1, True)
        assert unmigrated.verb("backup", str(unmigrated.data_dir.parent / "backup")).returncode == 1
    bring_up_to_date(unmigrated)
    found, undisturbed = contents(unmigrated), contents(old_book)
    assert {name for name in found.items() ^ undisturbed.items() if not name[0].endswith(".part")} == set()
    logs = [TableVersionLog(book.layout).records() for book in (unmigrated, old_book)]
    at_any_time = [[replace(version, time="") for version in log] for log in logs]
    assert at_any_time[0] == at_any_time[1]
    assert len(AuditLog(unmigrated.layout).records()) == len(AuditLog(old_book.layout).records())
    assert unmigrated.verb("audit", "verify").returncode == 0
    assert reported(unmigrated) == reported(old_book)
    assert set(reported(unmigrated).values()) == {1}
