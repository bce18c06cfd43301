"""`densearch doctor` on a joined Ray cluster: whether its nodes see the data directory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from api.cli.findings import Finding, Level
from service.death import ending_of
from service.settings import WITHOUT_RAY, Settings

TIMEOUT_S = 120
_SUBJECT = "nodes"
# By a node's state (`workers.node_sight`): level, meaning and remedy.
_STATES: Mapping[str, tuple[Level, str, str]] = {
    "sees": ("ok", "sees {folder}", ""),
    "unwritable": (
        "warn",
        "sees {folder} and may not write checkpoints there",
        "make {folder}/checkpoints writable for the user of its Ray node",
    ),
    "other": (
        "fail",
        "has another directory at {folder}, without this one's files",
        "mount this machine's {folder} there: data sets are read and checkpoints kept in it",
    ),
    "absent": (
        "fail",
        "does not see {folder}",
        "mount it there at the same path: data sets are read and checkpoints kept in it",
    ),
    "silent": ("warn", "has not answered", "look at its Ray node; a busy one answers later"),
    "failed": (
        "warn",
        "could not look: {reason}",
        "install the same densearch, Python and Ray there, and start its Ray node again",
    ),
}


def check_nodes(settings: Settings) -> Iterator[Finding]:
    """Ask each node of a joined cluster; a local Ray has only this machine, and "none" no node."""
    if settings.ray_address in ("local", WITHOUT_RAY):
        return
    folder = str(settings.data_dir.absolute())
    if not settings.data_dir.is_dir():
        detail = f"not asked whether they see {folder}: it does not exist here yet"
        yield Finding("warn", _SUBJECT, detail, "run the doctor again when it does")
        return
    answer = _asked(settings.ray_address, folder)
    if "error" in answer:
        remedy = "run the doctor on a node of the cluster, such as the dispatcher's machine"
        yield Finding("warn", _SUBJECT, f"cannot be asked: {answer['error']}", remedy)
        return
    if not answer["nodes"]:
        yield Finding("warn", _SUBJECT, "none has CPUs or GPUs", "start a Ray node with CPUs")
    for seen in answer["nodes"]:
        level, detail, remedy = _STATES[seen["state"]]
        words = {"folder": folder, "reason": seen["reason"]}
        yield Finding(
            level, f"node {seen['node']}", detail.format(**words), remedy.format(**words)
        )


def _asked(address: str, folder: str) -> dict[str, Any]:
    """Ask in another process: Ray ends a process that it cannot serve."""
    command = [sys.executable, "-P", "-m", "workers.node_sight", address, folder]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {TIMEOUT_S} s"}
    try:
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        lines = done.stderr.strip().splitlines()
        return {"error": lines[-1] if lines else f"its process {ending_of(done.returncode)}"}
    return answer
