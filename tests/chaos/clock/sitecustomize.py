"""A wall clock that can be stepped, for processes with this folder in PYTHONPATH.

Python imports this module at its start. The file that CHAOS_CLOCK names holds the offset of the
clock in seconds; monotonic clocks stay right, as they do on a machine whose time is set.
The product reads its wall clock in `service.clock` alone, Python's libraries by `time.time`.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from service import clock

_TRUE_TIME = time.time
_FILE = Path(os.environ.get("CHAOS_CLOCK", "/nonexistent"))


def _offset_s() -> float:
    try:
        return float(_FILE.read_text())
    except (OSError, ValueError):  # no step yet, or the file is being replaced
        return 0.0


def _time() -> float:
    return _TRUE_TIME() + _offset_s()


def _now() -> datetime:
    return datetime.fromtimestamp(_time(), UTC)


time.time = _time
clock.now = _now
