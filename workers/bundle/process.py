"""`python -m workers.bundle.process`: reads a question as JSON, writes its bundle as ZIP.

A process of its own: it loads torch, which the API has not. What it says on stderr is the reason
where its exit code is not 0.
"""

from __future__ import annotations

import json
import os
import sys

from service import process_bounds
from service.exit_codes import DONE, exit_now
from workers.bundle.archive import zipped
from workers.bundle.contents import files_of

LIMIT_CPU_S = 300


def main() -> None:
    """Write the bundle of the question on stdin to stdout."""
    process_bounds.bound(cpu_s=LIMIT_CPU_S)
    # What packages print must not get between the bytes.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with out:
        out.write(zipped(files_of(json.load(sys.stdin))))


if __name__ == "__main__":
    main()
    exit_now(DONE)  # torch's clean-up takes longer than making the bundle
