"""`densearch doctor`: what is installed, what is reachable, and what to do about the rest.

Each check runs in a process of its own with a time limit, several at once: a broken installation
may end it, and a disk that hangs may hold it for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import typer

from api.cli import sessions
from api.cli.check_process import findings_of
from api.cli.checks import CHECKS
from api.cli.dispatcher import environment_of
from api.cli.findings import Finding, Level
from densearch.cli.failures import USAGE
from densearch.cli.json_documents import print_items
from densearch.cli.terminal import echo
from densearch.redaction import hide
from service import settings as configuration
from service.errors import SettingsError

COLOURS = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}
# Processes of checks at the same time.
MOST_AT_ONCE = 3


def examine(url: str | None, data_dir: Path | None, *, is_json: bool = False) -> int:
    """Print a line for each check, or one document; return 1 when one failed, else 0."""
    try:
        settings = configuration.load(url=url, data_dir=data_dir)
    except SettingsError as error:
        finding = Finding(
            "fail", "settings", str(error), "correct the environment, then try again"
        )
        _print([finding], is_json=is_json)
        return USAGE
    sessions.end_with_children()
    env = environment_of(settings) | {f"{configuration.PREFIX}URL": settings.url}
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        asked = [pool.submit(findings_of, n, env, limit_s) for n, (_, limit_s) in CHECKS.items()]
        findings = (finding for found in asked for finding in found.result())
        return int("fail" in _print(findings, is_json=is_json))


def _print(findings: Iterable[Finding], *, is_json: bool) -> set[Level]:
    """Print findings as they come, or all as one document; return which levels there were."""
    if not is_json:
        return {_show(finding) for finding in findings}
    found = list(findings)
    print_items(
        {**asdict(one), "detail": hide(one.detail), "remedy": hide(one.remedy)} for one in found
    )
    return {one.level for one in found}


def _show(finding: Finding) -> Level:
    echo(f"{finding.level:<5}", fg=COLOURS[finding.level], nl=False)
    echo(f"{finding.subject}: {finding.detail}")
    if finding.remedy and finding.level != "ok":
        echo(f"      -> {finding.remedy}")
    return finding.level
