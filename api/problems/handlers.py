"""Maps every error to a response of type problem+json (RFC 9457).

tests/unit/api/problems holds this, the tree of service.errors and docs/problems.md together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.problems.kinds import PROBLEMS, Problem
from densearch.names import shown
from service import errors, trainer_errors
from service.errors import DensearchError, Fault
from service.storage.refusals import Refusal, explain, refusal_of
from service.validation.json_pointers import sentence

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("api")


# Looked up along the error's base classes; the nearest one applies.
ERRORS: Mapping[type[Exception], str] = {
    errors.InvalidSpecError: "invalid-spec",
    errors.InvalidBodyError: "invalid-body",
    errors.UnknownSamplerError: "unknown-sampler",
    errors.NotFoundError: "not-found",
    trainer_errors.NotExternalError: "not-external",
    trainer_errors.UnknownTokenError: "unknown-token",
    trainer_errors.OtherReportError: "other-report",
    trainer_errors.EpochOrderError: "epoch-order",
    errors.NoDecisionError: "no-decision",
    errors.IllegalTransitionError: "illegal-transition",
    errors.NotDeletableError: "illegal-transition",
    errors.NothingToRetryError: "nothing-to-retry",
    errors.OtherVersionError: "other-version",
    errors.IdempotencyConflictError: "idempotency-conflict",
    errors.InvalidDatasetError: "invalid-dataset",
    errors.DatasetInUseError: "dataset-in-use",
    errors.ImportStoppedError: "import-stopped",
    errors.ImportLostError: "import-lost",
    errors.StorageFullError: "storage-full",
    errors.NoRoomError: "storage-full",
    errors.UnusableDirectoryError: "misconfigured",
    errors.LeaseLostError: "lease-lost",
    errors.SchemaError: "schema-outdated",
    errors.DirectoryInUseError: "misconfigured",
    errors.UnusableSchemaError: "schema-outdated",
    errors.NewerSchemaError: "schema-outdated",
    errors.ForeignDatabaseError: "schema-outdated",
    errors.UnclearRevisionError: "schema-outdated",
    errors.UnreadableDatabaseError: "database-unavailable",
    errors.DatabaseBusyError: "database-unavailable",
    errors.MigrationError: "schema-outdated",
    errors.UnreachableRevisionError: "schema-outdated",
    errors.BackupError: "schema-outdated",
    errors.SettingsError: "misconfigured",
    errors.WebhookAddressError: "invalid-body",
    errors.UnsafeBindingError: "misconfigured",
    errors.NoTokenError: "misconfigured",
    errors.AskingFailedError: "internal-error",  # ends a study; no request raises it
    DensearchError: "internal-error",
    errors.DeadlineError: "deadline-exceeded",
    # Some of these are refusals (below), the others are defects of densearch.
    DBAPIError: "internal-error",
    PoolTimeoutError: "database-unavailable",
    ClientDisconnect: "bad-request",
}
REFUSALS: Mapping[Refusal, str] = {
    Refusal.READ_ONLY: "database-read-only",
    Refusal.FULL: "database-full",
    Refusal.UNPREPARED: "schema-outdated",
}
RETRY_AFTER_S = 5
# Characters of a fault's detail, of all faults together, of the name of a parameter.
MOST_CHARS, MOST_IN_ALL, MOST_NAME = 2_000, 20_000, 100
_BY_STATUS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed"}


class ProblemError(Exception):
    """A refusal that the API itself decides; `slug` names its row in `PROBLEMS`."""

    def __init__(
        self, slug: str, detail: str, faults: Sequence[Fault] = (), n_faults: int = 0
    ) -> None:
        self.problem, self.detail, self.faults = PROBLEMS[slug], detail, tuple(faults)
        self.n_faults = max(n_faults, len(faults))
        super().__init__(detail)


def body_of(
    problem: Problem,
    detail: str,
    entries: Sequence[Mapping[str, str]] = (),
    n_entries: int | None = None,
) -> dict[str, Any]:
    """Return the members of a problem document; the first pointer is also a member of its own.

    What it repeats of a request is bounded, and has escapes for characters that are not safe to
    show.

    Args:
        problem: Its kind.
        detail: What is wrong.
        entries: The single faults.
        n_entries: How many there are, where not all are listed.
    """
    body: dict[str, Any] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
        "detail": _readable(detail, MOST_IN_ALL),
    }
    if entries:
        if "pointer" in entries[0]:
            body["pointer"] = entries[0]["pointer"]
        body["errors"] = [
            {**entry, "detail": _readable(entry["detail"], MOST_CHARS)} for entry in entries
        ]
        if n_entries is not None:
            body["n_errors"] = n_entries
    return body


def _readable(text: str, most: int) -> str:
    return shown(text[:most], keep="\n") + ("…" if len(text) > most else "")


def answer(
    problem: Problem,
    detail: str,
    entries: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    n_entries: int | None = None,
) -> Response:
    """Return a problem+json response; arguments as in `body_of`."""
    return JSONResponse(
        body_of(problem, detail, entries, n_entries),
        status_code=problem.status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def _pointed(faults: Sequence[Fault]) -> list[dict[str, str]]:
    return [{"pointer": fault.pointer, "detail": fault.detail} for fault in faults]


def problem_of(error: Exception) -> Problem:
    """Return the problem of an error: a database's by its reason, most by their class."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, DBAPIError) and (refusal := refusal_of(error)) is not None:
        return PROBLEMS[REFUSALS.get(refusal, "database-unavailable")]
    slugs = (ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)
    return PROBLEMS[next(slugs, "internal-error")]


def _summary(error: errors.InvalidDatasetError) -> str:
    """Return one sentence: of many faults, their number and the first."""
    if error.n_faults == 1:
        return str(error)
    first = f"{error.entry}: {error.detail}" if error.entry else error.detail
    return (
        f"{error.n_faults:,} faults, {first}. The files are named below; skip_bad leaves them out"
    )


def document_of(error: Exception) -> dict[str, Any]:
    """Return the problem document of an error that no request waits for; log the server's."""
    problem = problem_of(error)
    if problem.status == 500:
        log.error("unexpected", exc_info=error)
        return body_of(problem, problem.remedy)
    _log_refusal(problem, error)
    return _body(problem, error)


def _log_refusal(problem: Problem, error: Exception, **where: str) -> None:
    # An import that is lost with its server is no fault of either.
    if problem.status >= 500 and not isinstance(error, errors.ImportLostError):
        log.error("refused", problem=problem.slug, error=repr(error), **where)


def _body(problem: Problem, error: Exception) -> dict[str, Any]:
    if isinstance(error, ProblemError | errors.InvalidSpecError):
        return body_of(problem, str(error), _pointed(error.faults), _all_or_none(error))
    if isinstance(error, errors.InvalidDatasetError):
        return body_of(problem, _summary(error), _entries(error), error.n_faults)
    if isinstance(error, errors.IdempotencyConflictError):
        # The pointer is to the whole body: it differs from that of the first request.
        return body_of(problem, str(error), _pointed([Fault("", str(error))]))
    return body_of(problem, _detail(error))


def _all_or_none(error: ProblemError | errors.InvalidSpecError) -> int | None:
    return error.n_faults if error.n_faults > len(error.faults) else None


def _entries(error: errors.InvalidDatasetError) -> list[dict[str, str]]:
    return [{"entry": entry, "detail": detail} for entry, detail in error.faults]


def _detail(error: Exception) -> str:
    # A database's own message may quote its address or a statement: it goes only to the log.
    is_ours = isinstance(error, DensearchError)
    return str(error) if is_ours else f"the database: {explain(error)}"


def _domain(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if isinstance(error, DBAPIError) and problem.status == 500:
        raise error  # a defect: the outermost layer logs its traceback
    _log_refusal(problem, error, path=request.url.path)
    return answer_of_document(_body(problem, error))


def answer_of_document(body: Mapping[str, Any]) -> Response:
    """Return the response of a problem document that was kept."""
    headers = {"retry-after": str(RETRY_AFTER_S)} if body["status"] == 503 else {}
    return JSONResponse(body, body["status"], headers, MEDIA_TYPE)


def _parameter(_request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    entries = [
        {
            "parameter": _readable(".".join(str(part) for part in item["loc"][1:]), MOST_NAME),
            "in": str(item["loc"][0]),
            "detail": "there is no such parameter"
            if item["type"] == "extra_forbidden"
            else sentence(item),
        }
        for item in found[: errors.MOST_FAULTS]
    ]
    detail = "; ".join(f"{e['in']} {e['parameter']}: {e['detail']}" for e in entries)
    n_entries = len(found) if len(found) > len(entries) else None
    return answer(PROBLEMS["invalid-parameter"], detail, entries, n_entries=n_entries)


def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return answer(PROBLEMS["internal-error"], PROBLEMS["internal-error"].remedy)
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    problem = PROBLEMS[_BY_STATUS.get(error.status_code, "bad-request")]
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if problem.status == 405:
        headers["allow"] = _allowed(request) or headers.get("allow", "GET")
    return answer(problem, f"{error.detail}. {problem.remedy}", headers=headers)


def _allowed(request: Request) -> str:
    """Return all methods of a path: the framework names only those of one route."""
    route = getattr(request.scope.get("route"), "path", None)
    methods = request.app.openapi()["paths"].get(route, {})
    allowed = {method.upper() for method in methods}
    return ", ".join(sorted(allowed | {"HEAD"} if "GET" in allowed else allowed))


def unexpected(error: Exception, request_id: str) -> Response:
    """Log an unexpected error, and respond without its details."""
    log.error("unexpected", request_id=request_id, exc_info=error)
    problem = PROBLEMS["internal-error"]
    return answer(problem, f"{problem.remedy} (X-Request-Id: {request_id})")


def install(app: FastAPI) -> None:
    """Make every refusal of `app` a problem document."""
    kinds: tuple[type[Exception], ...] = (ProblemError, *ERRORS)
    for kind in kinds:
        app.add_exception_handler(kind, _domain)
    app.add_exception_handler(RequestValidationError, _parameter)
    app.add_exception_handler(HTTPException, _http)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of these statuses and of those that every request can get."""
    return {
        status: {
            "description": " or ".join(p.title for p in PROBLEMS.values() if p.status == status),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 401, 421, 500, 503})
    }
