"""Health for people, load balancers and Prometheus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from api.context import InDatabase, WithSettings
from api.problems import documented
from api.schemas import CheckOut, HealthOut, ReadinessOut
from service import leases
from service.errors import SchemaError
from service.storage import schema
from service.storage.database import Database

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=HealthOut, responses=documented())
def healthz() -> HealthOut:
    """Say that the process answers; nothing else is looked at."""
    return HealthOut()


@router.get(
    "/readyz",
    response_model=ReadinessOut,
    responses={
        **documented(),
        503: {"model": ReadinessOut, "description": "Something is missing; the checks say what."},
    },
)
def readyz(database: InDatabase, settings: WithSettings, response: Response) -> ReadinessOut:
    """Check the database, its schema's revision, and that a dispatcher lives."""
    checks = [_database(database)]
    if checks[0].ok:
        checks += [_migrations(database), _dispatcher(database, settings.lease_s)]
    ready = all(check.ok for check in checks)
    response.status_code = 200 if ready else 503
    return ReadinessOut(ready=ready, checks=checks)


def _database(database: Database) -> CheckOut:
    try:
        database.ping()
    except SQLAlchemyError as error:
        detail = f"does not answer ({type(error).__name__}): start it, or mend the address"
        return CheckOut(name="database", ok=False, detail=detail)
    return CheckOut(name="database", ok=True, detail=database.url.get_backend_name())


def _migrations(database: Database) -> CheckOut:
    try:
        schema.check(database)
    except SchemaError as error:
        return CheckOut(name="migrations", ok=False, detail=str(error))
    return CheckOut(name="migrations", ok=True, detail=f"at revision {schema.head()}")


def _dispatcher(database: Database, lease_s: float) -> CheckOut:
    try:
        found = leases.alive(database, lease_s)
    except SQLAlchemyError:
        return CheckOut(name="dispatcher", ok=False, detail="unknown: the schema is not right")
    if not found:
        detail = "none was heard of: start `densearch dispatch` (`densearch serve` brings its own)"
        return CheckOut(name="dispatcher", ok=False, detail=detail)
    detail = f"{len(found)} alive, {sum(d.n_workers for d in found)} workers"
    return CheckOut(name="dispatcher", ok=True, detail=detail)


@router.get("/metrics", response_class=PlainTextResponse, responses=documented())
def metrics(request: Request) -> Any:  # noqa: ANN401 - FastAPI would read a Response subclass as a schema
    """Figures for Prometheus."""
    return Response(
        generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST
    )
