"""The outermost layer: request ids, security headers, access log, metrics, unexpected errors."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.middleware.guards import SAFE_METHODS
from api.problems.handlers import unexpected

log = structlog.get_logger("api.access")

MAX_PATH_CHARS = 500  # in the log
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Plotly sets styles on its elements; its SVG traces need no eval.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Swagger UI and ReDoc begin with a script in the page; ReDoc searches in a worker.
DOCS_POLICY = POLICY.replace(
    "default-src 'self'", "default-src 'self'; script-src 'self' 'unsafe-inline'; worker-src blob:"
)
DOCS_PATHS = ("/docs", "/redoc")


class Access:
    """The outermost layer. An unexpected error is logged here and answered as a problem."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, is_stream = time.perf_counter(), 0, False
        request_id = _request_id(scope)

        async def noted(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                is_stream = headers.get("content-type", "").startswith("text/event-stream")
                _secure(headers, scope["path"], request_id)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, noted)
            except Exception as error:  # logged, and answered without details
                if status:
                    raise
                await unexpected(error, request_id)(scope, receive, noted)
            seconds = time.perf_counter() - started
            self._note(scope, status, seconds, is_stream=is_stream)

    def _note(self, scope: Scope, status: int, seconds: float, *, is_stream: bool) -> None:
        route = route_of(scope)
        self._metrics.observe(scope["method"], route, status, None if is_stream else seconds)
        # Dashboards and probes send requests all day: a successful read is logged at debug level.
        is_news = scope["method"] not in SAFE_METHODS or status >= 400
        (log.info if is_news else log.debug)(
            "request",
            method=scope["method"],
            path=scope["path"][:MAX_PATH_CHARS],
            status=status,
            client=(scope.get("client") or ("",))[0],
            duration_ms=round(1000 * seconds, 1),
        )


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex


def _secure(headers: MutableHeaders, path: str, request_id: str) -> None:
    headers["x-request-id"] = request_id
    headers["x-content-type-options"] = "nosniff"
    headers["referrer-policy"] = "same-origin"
    headers["content-security-policy"] = DOCS_POLICY if path in DOCS_PATHS else POLICY
    if path.startswith("/v1/"):
        headers.setdefault("cache-control", "no-store")


def route_of(scope: Scope) -> str:
    """Return the template of the route that answered, "unmatched" when none did."""
    path = getattr(scope.get("route"), "path", None)
    return str(path) if path else "unmatched"
