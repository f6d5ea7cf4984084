from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from credit_platform.lake.governance.retrainings import Done, Retraining, is_alive, show_life
from credit_platform.lake.layout import Layout
from credit_platform.portfolios.loans.portfolio import LOANS

KEY = "retrain:gradient_boosting:2025-01-01:2024-12-01-a1"
LIVES = """
import sys, time
from pathlib import Path
from credit_platform.lake.layout import Layout
from credit_platform.lake.governance.retrainings import show_life
from credit_platform.portfolios.loans.portfolio import LOANS
show_life(Layout.of(Path(sys.argv[1]), Path(sys.argv[1]), LOANS), "run-1")
print("begun", flush=True)
time.sleep(60)
"""


def retraining(folder: Path, key: str = KEY) -> Retraining:
    return Retraining(Layout.of(folder, folder, LOANS), key)


def test_a_run_lives_until_its_process_ends_however_it_ends(tmp_path: Path) -> None:
    layout = Layout.of(tmp_path, tmp_path, LOANS)
    assert not is_alive(layout, "run-1")
    with subprocess.Popen([sys.executable, "-c", LIVES, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        assert is_alive(layout, "run-1")
        assert not is_alive(layout, "run-2")
        show_life(layout, "run-1")
        process.kill()
    assert not is_alive(layout, "run-1")


def test_what_a_retraining_came_to_is_written_down_for_its_key_alone(tmp_path: Path) -> None:
    done = Done("2025-01-01-b2", "run-1")
    with retraining(tmp_path).turn():
        retraining(tmp_path).finish(done)
    assert retraining(tmp_path).done() == done
    assert retraining(tmp_path, KEY.replace("a1", "a2")).done() is None
