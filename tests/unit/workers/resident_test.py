"""The peak of resident memory, against an allocation of known size."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from workers.resident import peak_resident_bytes
before = peak_resident_bytes()
block = bytearray(2**26)
block[::4096] = b"1" * len(block[::4096])
del block
print(peak_resident_bytes() - before)
"""


def test_it_grows_with_what_is_touched_and_stays_when_that_is_freed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert 0.9 * 2**26 < int(done.stdout) < 1.5 * 2**26
