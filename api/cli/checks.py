"""The checks of `densearch doctor` by name, and those of what is installed and of the server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api.cli.database_checks import check_database, check_migrations
from api.cli.findings import Finding, Level
from api.cli.machine_checks import check_disk, check_gpu, check_ray, check_training
from api.cli.node_checks import check_nodes
from api.cli.pdf_check import check_pdf
from densearch.bearer import VARIABLE
from service.hosts import is_loopback
from service.settings import Settings

if TYPE_CHECKING:  # slow to load: only one check needs it
    from densearch.client.client import Client, Json

API_PACKAGES = ("fastapi", "sqlalchemy", "alembic", "pydantic", "uvicorn")
WORKER_PACKAGES = ("torch", "ray", "nlopt", "optuna", "scikit-image", "scikit-learn")


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
    from api.cli import installed_plugins  # slow to load: only this check needs it

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


def check_server(settings: Settings) -> Iterator[Finding]:
    """Ask the server for its readiness; a server that does not run is only a warning."""
    from densearch.client.client import Client, ClientError, UnreachableError

    try:
        with Client(settings.url, timeout_s=5) as client:
            is_ready, checks = client.readiness()
            refusal = _refusal(client)
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
    yield _access(settings, refusal)


def _refusal(client: Client) -> str:
    """Return why the server refuses what the token opens, "" where it does not."""
    from densearch.client.transport import problem_of

    answer = client.send("GET", "/v1/samplers")
    return "" if answer.is_success else problem_of(answer).detail


def _access(settings: Settings, refusal: str) -> Finding:
    if refusal:
        remedy = f"set {VARIABLE} to what it is where the server was started"
        return Finding("fail", "token", refusal, remedy)
    if settings.token is not None:
        return Finding("ok", "token", "the server takes it")
    everyone = "the server asks for none: everyone who reaches it may do everything"
    level: Level = "ok" if is_loopback(urlsplit(settings.url).hostname or "") else "warn"
    return Finding(level, "token", everyone, f"start the server with {VARIABLE}")


def _summary(answer: Json) -> str:
    """Return the checks of /readyz in one line."""
    checks = answer.get("checks", [])
    return "; ".join(f"{check['name']}: {check['detail']}" for check in checks)


# By name: the check, and the seconds after which its process is killed.
CHECKS: Mapping[str, tuple[Callable[[Settings], Iterator[Finding]], float]] = {
    "versions": (check_versions, 30.0),
    "plug-ins": (check_plugins, 60.0),
    "database": (check_database, 60.0),
    "migrations": (check_migrations, 60.0),
    "disk": (check_disk, 30.0),
    "ray": (check_ray, 120.0),
    "nodes": (check_nodes, 150.0),
    "training": (check_training, 120.0),
    "gpu": (check_gpu, 60.0),
    "pdf": (check_pdf, 60.0),
    "server": (check_server, 30.0),
}
