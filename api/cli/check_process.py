"""A check of the doctor in a process of its own: what it examines may end it, or hang.

`python -m api.cli.check_process NAME` runs one and prints its findings, a JSON list.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from api.cli import sessions
from api.cli.findings import REINSTALL, Finding
from service.death import ending_of
from service.exit_codes import signal_of

# Variables that bring other programs' libraries into a process; see `_remedy`.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD")


def findings_of(name: str, env: Mapping[str, str], limit_s: float) -> list[Finding]:
    """Run a check and return what it found, or how it ended.

    Args:
        name: A key of `api.cli.checks.CHECKS`.
        env: The environment of its process, with all settings.
        limit_s: Seconds after which it is killed.
    """
    command = [sys.executable, "-P", "-m", "api.cli.check_process", name]
    return list(run(name, command, env, limit_s))


def run(
    name: str, command: list[str], env: Mapping[str, str], limit_s: float
) -> Iterator[Finding]:
    """Yield the findings that a command prints as JSON; a command that fails is one itself."""
    try:
        # A session of its own: what it has started is killed with it.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        yield Finding("fail", name, f"no process could be started: {error}", "raise `ulimit -u`")
        return
    try:
        printed, said = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        sessions.kill(process.pid)
        process.communicate()
        remedy = "look at what the machine does (top, df); a network file system may hang"
        yield Finding("fail", name, f"takes over {limit_s:g} s", remedy)
        return
    if process.returncode != 0:
        yield Finding("fail", name, _ending(process.returncode, said), _remedy(env))
        return
    for found in json.loads(printed.splitlines()[-1]):
        yield Finding(**found)


def _ending(code: int, said: str) -> str:
    lines = [line for line in said.strip().splitlines() if line.strip()]
    last = lines[-1].strip() if lines else ""
    if (by := signal_of(code)) is not None:
        return f"ended by {by} {last}".strip()
    return last or ending_of(code)


def _remedy(env: Mapping[str, str]) -> str:
    """Return what to do about a check that failed by itself: foreign paths are the usual cause."""
    foreign = [name for name in FOREIGN if env.get(name)]
    if foreign:
        listed = " and ".join(f"{name}={env[name]}" for name in foreign)
        return f"{listed} may bring foreign libraries: unset it, then try again"
    return REINSTALL


def main() -> int:
    """Print the findings of the check that is named."""
    from api.cli.checks import CHECKS
    from service import settings

    name = sys.argv[1]
    check, _ = CHECKS[name]
    found: list[Finding] = []
    try:
        for finding in check(settings.load()):
            found.append(finding)  # noqa: PERF402 - what was found before an error counts
    except Exception as error:  # noqa: BLE001 - what broke an installation is what it looks for
        first = (str(error).strip().splitlines() or [""])[0]
        detail = f"cannot be examined: {type(error).__name__}: {first}"
        found.append(Finding("fail", name, detail, _remedy(os.environ)))
    sys.stdout.write(f"{json.dumps([asdict(finding) for finding in found])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
