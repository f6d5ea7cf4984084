from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from credit_platform.lake.layout import Layout
from credit_platform.lake.retrainings import Done, Retraining

KEY = "retrain:gradient_boosting:2025-01-01:2024-12-01-a1"
HOLDS_ITS_TURN = """
import sys, time
from pathlib import Path
from credit_platform.lake.layout import Layout
from credit_platform.lake.retrainings import Retraining
with Retraining(Layout(Path(sys.argv[1]), Path(sys.argv[1])), sys.argv[2]).turn():
    print("begun", flush=True)
    time.sleep(60)
"""


def retraining(folder: Path, key: str = KEY) -> Retraining:
    return Retraining(Layout(folder, folder), key)


def test_a_process_that_is_killed_leaves_its_turn(tmp_path: Path) -> None:
    one = retraining(tmp_path)
    assert not one.is_under_way()
    command = [sys.executable, "-c", HOLDS_ITS_TURN, str(tmp_path), KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        assert one.is_under_way()
        assert not retraining(tmp_path, KEY.replace("2025-01", "2025-02")).is_under_way()
        process.kill()
    assert not one.is_under_way()
    assert one.done() is None


def test_what_a_retraining_came_to_is_written_down_for_its_key_alone(tmp_path: Path) -> None:
    done = Done("2025-01-01-b2", "run-1")
    with retraining(tmp_path).turn():
        retraining(tmp_path).finish(done)
    assert retraining(tmp_path).done() == done
    assert retraining(tmp_path, KEY.replace("a1", "a2")).done() is None
