"""`densearch doctor`: what is installed, what is reachable, and what to do about the rest.

Nothing heavy is imported here: Ray is tried in a process of its own, since a broken installation
may end it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from api.cli import installed_plugins
from api.cli.findings import Finding, Level
from api.cli.node_checks import check_nodes
from densearch.cli.failures import USAGE
from densearch.cli.terminal import echo
from densearch.client.client import Client, ClientError, Json, UnreachableError
from service import settings as configuration
from service.errors import DensearchError, SettingsError
from service.privacy import open_to_others
from service.settings import Settings

if TYPE_CHECKING:
    from service.storage.database import Database

COLOURS = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "fail": typer.colors.RED}

API_PACKAGES = ("fastapi", "sqlalchemy", "alembic", "pydantic", "uvicorn")
WORKER_PACKAGES = ("torch", "ray", "nlopt", "optuna", "scikit-image", "scikit-learn")
# The WAL-reset bug: two connections that write and checkpoint at once can corrupt the file.
SQLITE_WAL_SAFE = (3, 51, 3)
FREE_BYTES_WANTED = 2 << 30
SHM_BYTES_WANTED = 1 << 30
PROBE_TIMEOUT_S = 60


def examine(url: str | None, data_dir: Path | None) -> int:
    """Print a line for each check; return 1 when one failed, else 0."""
    try:
        settings = configuration.load(url=url, data_dir=data_dir)
    except SettingsError as error:
        _show(Finding("fail", "settings", str(error), "correct the environment, then try again"))
        return USAGE
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        check_versions,
        check_plugins,
        check_database,
        check_disk,
        check_ray,
        check_nodes,
        check_gpu,
        check_server,
    )
    levels = [_show(finding) for check in checks for finding in _of(check, settings)]
    return int("fail" in levels)


def _of(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    """Yield a check's findings; an error in it is one, too, and ends no other check."""
    try:
        yield from check(settings)
    except Exception as error:  # noqa: BLE001 - what broke an installation is what it looks for
        lines = str(error).strip().splitlines() or [""]
        subject = check.__name__.removeprefix("check_")
        yield Finding("fail", subject, f"cannot be examined: {type(error).__name__}: {lines[0]}")


def _show(finding: Finding) -> Level:
    echo(f"{finding.level:<5}", fg=COLOURS[finding.level], nl=False)
    echo(f"{finding.subject}: {finding.detail}")
    if finding.remedy and finding.level != "ok":
        echo(f"      -> {finding.remedy}")
    return finding.level


def check_versions(_settings: Settings) -> Iterator[Finding]:
    """Look for every package that the two roles need, without importing it."""
    yield Finding("ok", "python", ".".join(map(str, sys.version_info[:3])))
    for name in API_PACKAGES:
        yield _package(name, "fail", "pip install -c constraints.txt -e .")
    for name in WORKER_PACKAGES:
        yield _package(name, "warn", "a dispatcher needs it: pip install -c constraints.txt -e .")


def _package(name: str, level: Level, remedy: str) -> Finding:
    try:
        return Finding("ok", name, version(name))
    except PackageNotFoundError:
        return Finding(level, name, "is not installed", remedy)


def check_plugins(_settings: Settings) -> Iterator[Finding]:
    """Import the plug-ins; one that fails breaks only the jobs that name it."""
    for found in installed_plugins.listed():
        subject, detail = f"{found.what} {found.name}", f"of {found.package}"
        if found.is_shadowed:
            remedy = "a built-in one has this name and is used instead: rename the plug-in"
            yield Finding("warn", subject, f"{detail} is never used", remedy)
        elif found.lacks:  # an extra that is not installed is no fault
            yield Finding("ok", subject, f"not usable: {found.error}")
        elif found.error is not None:
            remedy = "correct or uninstall the package; docs/own-networks.md says what it needs"
            yield Finding("warn", subject, f"{detail} cannot be used: {found.error}", remedy)
        else:
            yield Finding("ok", subject, detail)


def check_database(settings: Settings) -> Iterator[Finding]:
    """Connect, compare the revision, and judge SQLite's version."""
    from sqlalchemy.exc import SQLAlchemyError  # slow to load: only this check needs it

    from service.storage import locks, schema
    from service.storage.database import Database

    file = locks.sqlite_file(settings)
    if file is not None and not file.exists():
        yield Finding(
            "warn", "database", f"{file} does not exist yet", "`densearch serve` makes it"
        )
        yield from _sqlite_findings()
        return
    database = Database(settings.resolved_database_url, is_checkpointer=False)
    name = database.shown_url
    try:
        found, needed = schema.current(database), schema.head()
        if found == needed:
            yield Finding("ok", "database", f"{name} at revision {found}")
        else:
            detail = f"{name} is at revision {found or 'none'}, this version needs {needed}"
            yield Finding("fail", "database", detail, "densearch db upgrade")
        if found is not None:
            yield from _results_findings(database)
            yield from _writes_findings(database)
    except DensearchError as error:
        yield Finding("fail", "database", f"{name}: {error}")
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        remedy = "start the database, or correct DENSEARCH_DATABASE_URL or DENSEARCH_DATA_DIR"
        yield Finding("fail", "database", f"{name} cannot be opened: {reason}", remedy)
    finally:
        database.close()
    if database.is_sqlite:
        yield from _sqlite_findings()


def _writes_findings(database: Database) -> Iterator[Finding]:
    """Say why the database refuses writes, if it does."""
    from sqlalchemy.exc import SQLAlchemyError  # slow to load, as above

    from service.storage.refusals import REMEDIES, refusal_of

    try:
        database.check_writable()
    except (SQLAlchemyError, OSError) as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        yield Finding("fail", "database", str(refusal), REMEDIES[refusal])


def _results_findings(database: Database) -> Iterator[Finding]:
    """Detect jobs whose results an upgrade by an earlier version deleted."""
    from service.storage import losses

    loss = losses.find(database)
    if loss is None:
        return
    listed = ", ".join(map(str, loss.job_ids[:10])) + (", ..." if len(loss.job_ids) > 10 else "")
    detail = f"{len(loss.job_ids)} jobs have lost their studies or trials ({listed})"
    remedy = "no copy in the database's directory has them: restore another backup"
    if loss.copy is not None:
        remedy = (
            f"{loss.copy} still has those of {loss.n_restorable}: end the server, then "
            f"{loss.way_back}; jobs submitted after that copy was made are not in it"
        )
    yield Finding("fail", "results", detail, remedy)


def _sqlite_findings() -> Iterator[Finding]:
    if sqlite3.sqlite_version_info >= SQLITE_WAL_SAFE:
        yield Finding("ok", "sqlite", sqlite3.sqlite_version)
        return
    yield Finding(
        "warn",
        "sqlite",
        f"{sqlite3.sqlite_version} has the WAL-reset bug (fixed in 3.51.3); densearch is safe "
        "from it, since the dispatcher alone checkpoints",
        "run one dispatcher a file, open it with no other program that writes, or use PostgreSQL",
    )


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Measure the free space where data and artifacts go, and whether it can be written."""
    place = settings.data_dir.absolute()
    while not place.exists():
        place = place.parent
    if not (place.is_dir() and os.access(place, os.W_OK)):
        yield Finding(
            "fail", "disk", f"{place} cannot be written", "choose another with DENSEARCH_DATA_DIR"
        )
        return
    yield _space("disk", place, FREE_BYTES_WANTED, "free some space, or move DENSEARCH_DATA_DIR")
    found = open_to_others(settings.data_dir, settings.sqlite_path)
    if found:
        listed = " and ".join(map(str, found))
        remedy = f"unless that is meant: chmod -R go= {settings.data_dir}"
        yield Finding("warn", "privacy", f"other users may use {listed}", remedy)


def _space(subject: str, place: Path, wanted_bytes: int, remedy: str) -> Finding:
    free = shutil.disk_usage(place).free
    level: Level = "ok" if free >= wanted_bytes else "warn"
    return Finding(level, subject, f"{free / 2**30:.1f} GiB free at {place}", remedy)


def check_ray(settings: Settings) -> Iterator[Finding]:
    """Import Ray in another process, and check the shared memory for its object store."""
    code = "import ray; print(ray.__version__)"
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-P", "-c", code],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield Finding(
            "fail", "ray", f"takes over {PROBE_TIMEOUT_S} s to import", "free the machine"
        )
        return
    if done.returncode == 0:
        yield Finding("ok", "ray", f"imports; address: {settings.ray_address}")
    else:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        yield Finding("fail", "ray", reason, "pip install -c constraints.txt -e .")
    shared = Path("/dev/shm")  # noqa: S108 - a mount point, not a file of ours
    if settings.ray_address == "local" and shared.is_dir():
        remedy = "give the container more with --shm-size=2g, or Ray's objects go to the disk"
        yield _space("shared memory", shared, SHM_BYTES_WANTED, remedy)


def check_gpu(_settings: Settings) -> Iterator[Finding]:
    """Ask the driver for its GPUs; none is fine, since trainings also run on CPUs."""
    program = shutil.which("nvidia-smi")
    if program is None:
        yield Finding("ok", "gpu", "none (no nvidia-smi): trainings run on the CPU")
        return
    query = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(  # noqa: S603 - the path that the shell would find
            query,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        yield Finding("warn", "gpu", "nvidia-smi does not answer", "look at the driver (dmesg)")
        return
    if done.returncode != 0:
        reason = (done.stdout.strip() or done.stderr.strip() or "nvidia-smi failed").splitlines()[
            0
        ]
        yield Finding("warn", "gpu", reason, "look at the driver; CPUs serve until then")
        return
    for line in done.stdout.strip().splitlines():
        yield Finding("ok", "gpu", line)


def check_server(settings: Settings) -> Iterator[Finding]:
    """Ask the server for its readiness; a server that does not run is only a warning."""
    try:
        with Client(settings.url, timeout_s=5) as client:
            is_ready, checks = client.readiness()
    except UnreachableError:
        yield Finding("warn", "server", f"none answers at {settings.url}", "densearch serve")
        return
    except ClientError as error:
        remedy = "another program uses this port: name the server with --url"
        yield Finding("fail", "server", str(error), remedy)
        return
    detail = f"{settings.url} is {'ready' if is_ready else 'not ready'}: {_summary(checks)}"
    remedy = "look at its log; a dispatcher needs some 15 s to start"
    yield Finding("ok" if is_ready else "fail", "server", detail, remedy)


def _summary(answer: Json) -> str:
    """Return the checks of /readyz in one line."""
    checks = answer.get("checks", [])
    return "; ".join(f"{check['name']}: {check['detail']}" for check in checks)
