"""The role of a process, recognised by its command line."""

from __future__ import annotations

from collections.abc import Sequence

import psutil  # type: ignore[import-untyped]

# Part of a process's command line; the first match counts. Ray names its Python workers after the
# class and method that they run, or ray::IDLE.
MARKS: tuple[tuple[str, str], ...] = (
    ("gcs", "/gcs_server "),
    ("raylet", "/raylet/raylet "),
    ("worker", "ray::Worker"),
    ("idle", "ray::IDLE"),
    ("agent", "ray::DashboardAgent"),
    ("agent", "ray::RuntimeEnvAgent"),
    ("agent", "/ray/dashboard/"),
    ("agent", "/ray/_private/"),
    ("agent", "/ray/autoscaler/"),
    ("api", "densearch serve"),
    ("api", "densearch api"),
    ("supervisor", "densearch dispatch"),
    ("sampler", "-m workers.asking"),
    ("dispatcher", "-m workers "),
    ("postgres", "/bin/postgres -D"),
    ("backend", "postgres: "),
)


def role_of(process: psutil.Process) -> str | None:
    """Return the role of a process, None if it is unknown or has ended."""
    try:
        line = " ".join(process.cmdline()) + " "
    except psutil.Error:
        return None
    return next((role for role, mark in MARKS if mark in line), None)


def having(processes: Sequence[psutil.Process], role: str) -> list[psutil.Process]:
    """Return the processes of a role."""
    return [process for process in processes if role_of(process) == role]
