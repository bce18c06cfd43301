"""`densearch doctor`: what is installed, what is reachable, and what to do about the rest.

Each check runs in a process of its own with a time limit, several at once: a broken installation
may end it, and a disk that hangs may hold it for ever.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import typer

from api.cli import sessions
from api.cli.check_process import findings_of
from api.cli.checks import CHECKS
from api.cli.dispatcher import environment_of
from api.cli.findings import Finding, Level
from densearch.cli.failures import USAGE
from densearch.cli.terminal import echo
from service import settings as configuration
from service.errors import SettingsError

COLOURS = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}
# Processes of checks at the same time.
MOST_AT_ONCE = 3


def examine(url: str | None, data_dir: Path | None) -> int:
    """Print a line for each check; return 1 when one failed, else 0."""
    try:
        settings = configuration.load(url=url, data_dir=data_dir)
    except SettingsError as error:
        _show(Finding("fail", "settings", str(error), "correct the environment, then try again"))
        return USAGE
    sessions.end_with_children()
    env = environment_of(settings) | {f"{configuration.PREFIX}URL": settings.url}
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        asked = [pool.submit(findings_of, n, env, limit_s) for n, (_, limit_s) in CHECKS.items()]
        levels = [_show(finding) for found in asked for finding in found.result()]
    return int("fail" in levels)


def _show(finding: Finding) -> Level:
    echo(f"{finding.level:<5}", fg=COLOURS[finding.level], nl=False)
    echo(f"{finding.subject}: {finding.detail}")
    if finding.remedy and finding.level != "ok":
        echo(f"      -> {finding.remedy}")
    return finding.level
