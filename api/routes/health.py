"""Health for people, load balancers and Prometheus."""

from __future__ import annotations

import asyncio
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from api.context import InDatabase, WithSettings
from api.middleware.deadline import GRACE_S, abandon
from api.middleware.tokens import IS_KNOWN
from api.problems.handlers import documented
from api.schemas.health import CheckOut, HealthOut, ReadinessOut
from densearch.plurals import counted
from service import data_folder
from service.errors import DeadlineError, SchemaError, UnreadableDatabaseError
from service.jobs import leases
from service.settings import WITHOUT_RAY, Settings
from service.storage import deadlines, schema
from service.storage.database import Database
from service.storage.refusals import Refusal, explain, refusal_of

router = APIRouter(tags=["health"])

# A probe that takes longer than this has failed, s.
PROBE_S = 4.0
WITHHELD = "shown to requests with the token"
# Separate from the threads that answer requests, which may all be waiting for the database.
_probers = CapacityLimiter(4)


@router.get("/healthz", response_model=HealthOut, responses=documented())
async def healthz() -> HealthOut:
    """Confirm that the process responds; nothing else is checked, and no thread is needed."""
    return HealthOut()


@router.get(
    "/readyz",
    response_model=ReadinessOut,
    responses={
        **documented(),
        503: {"model": ReadinessOut, "description": "Something is missing; the checks say what."},
    },
)
async def readyz(
    request: Request, database: InDatabase, settings: WithSettings, response: Response
) -> ReadinessOut:
    """Check that the database has the right revision and takes writes, and that workers live.

    Where the server has a token, only requests with it are answered with the details.
    """
    with deadlines.within(PROBE_S):
        looking = asyncio.ensure_future(
            to_thread.run_sync(_checks, database, settings, limiter=_probers)
        )
    await asyncio.wait({looking}, timeout=PROBE_S + GRACE_S)
    if looking.done():
        checks = looking.result()
    else:
        abandon(looking)
        checks = [_failed("database", f"it does not answer within {PROBE_S:g} s")]
    if not request.scope[IS_KNOWN]:
        checks = [check.model_copy(update={"detail": WITHHELD}) for check in checks]
    ready = all(check.ok for check in checks)
    response.status_code = 200 if ready else 503
    return ReadinessOut(ready=ready, checks=checks)


def _failed(name: str, detail: str) -> CheckOut:
    return CheckOut(name=name, ok=False, detail=detail)


def _checks(database: Database, settings: Settings) -> list[CheckOut]:
    try:
        database.ping()
        migrations = _migrations(database)
        if migrations.ok:
            database.check_writable()
        found = CheckOut(name="database", ok=True, detail=database.url.get_backend_name())
        return [found, migrations, _folder(settings), _dispatcher(database, settings)]
    except (SQLAlchemyError, DeadlineError, OSError) as error:
        return [_failed("database", explain(error))]


def _folder(settings: Settings) -> CheckOut:
    lack = data_folder.lack_of(settings.data_dir)
    if lack is not None:
        return _failed("data directory", lack)
    return CheckOut(name="data directory", ok=True, detail=str(settings.data_dir))


def _migrations(database: Database) -> CheckOut:
    try:
        schema.check(database)
    except (SchemaError, UnreadableDatabaseError) as error:
        return _failed("migrations", str(error))
    return CheckOut(name="migrations", ok=True, detail=f"at revision {schema.head()}")


def _dispatcher(database: Database, settings: Settings) -> CheckOut:
    try:
        found = leases.alive(database, settings.lease_s)
    except (OperationalError, ProgrammingError) as error:  # there are no such tables
        if refusal_of(error) is not Refusal.UNPREPARED:
            raise
        return _failed("dispatcher", "unknown: the database has another schema")
    if not found:
        return _failed("dispatcher", leases.no_dispatcher(settings.data_dir))
    n_workers = sum(d.n_workers for d in found)
    detail = f"{len(found)} alive, {counted(n_workers, 'worker')}"
    if settings.ray_address == WITHOUT_RAY:
        return CheckOut(name="dispatcher", ok=True, detail=f"{len(found)} alive, without workers")
    if not n_workers:
        detail += ": the Ray cluster has no node with CPUs; start one, or look at the log"
    return CheckOut(name="dispatcher", ok=n_workers > 0, detail=detail)


@router.get("/metrics", response_class=PlainTextResponse, responses=documented())
def metrics(request: Request) -> Any:  # noqa: ANN401 - FastAPI would read a Response subclass as a schema
    """Return metrics for Prometheus."""
    return Response(
        generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST
    )
