"""Python runs this file when a process starts with this folder on PYTHONPATH: its wall clock then follows a file.

MOVED_CLOCK names the file: the seconds to add to the machine's clock. Pauses and time limits, which count monotonic
time, keep their length.
"""

import os
import sys
import time
from pathlib import Path
from threading import Thread

# time-machine imports pytest where it finds it, a tenth of a second of every process.
sys.modules["pytest"] = None  # type: ignore[assignment]
import time_machine  # noqa: E402

del sys.modules["pytest"]

_FILE = Path(os.environ["MOVED_CLOCK"])


def _offset() -> float:
    return float(_FILE.read_text(encoding="utf-8"))


def _follow(clock: time_machine.Traveller, offset: float) -> None:
    while True:
        time.sleep(0.1)
        if (wanted := _offset()) != offset:
            clock.shift(wanted - offset)
            offset = wanted


_start = _offset()
_clock = time_machine.travel(time.time() + _start, tick=True).start()
# The clock ticks from the first time it is read.
time.time()
Thread(target=_follow, args=(_clock, _start), name="moved-clock", daemon=True).start()
