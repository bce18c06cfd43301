"""The home directory of this process, where it has one that can be used."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Return the home directory, an absolute path; it may be missing, or closed to this user.

    Raises:
        RuntimeError: There is none; the message says why.
    """
    try:
        found = Path.home()  # "/" where HOME is empty
    except RuntimeError as error:
        reason = f"HOME is not set, and the system does not know uid {os.getuid()}"
        raise RuntimeError(reason) from error
    if os.environ.get("HOME") == "" or not found.is_absolute():
        raise RuntimeError(f"HOME={os.environ['HOME']!r} is no absolute path")
    return found
