"""Refusals before routing: unknown hosts, requests of other sites' pages, bodies too large.

The server has no accounts, so any web page open in a browser that reaches it could use it. Pages
of other sites are detected by Sec-Fetch-Site and Origin; foreign domains that resolve to this
machine (DNS rebinding) by the Host header.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems.handlers import ProblemError, answer, answer_of_document, document_of
from api.problems.kinds import PROBLEMS
from densearch.names import quoted
from service.errors import Fault
from service.hosts import Hosts, host_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# So much of a refused body is read and dropped before the response. A client that sends before it
# reads would otherwise get a connection reset instead of the response.
MAX_DROPPED_BYTES = 64 * 2**20


class Guard:
    """Refuses foreign hosts and requests that another site's page sent.

    Args:
        app: The next application.
        hosts: Decides which hosts are this server.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._host_fault(scope, headers) or self._site_fault(scope["method"], headers)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            slug, detail = refusal
            await answer(PROBLEMS[slug], detail)(scope, receive, send)

    def _host_fault(self, scope: Scope, headers: Headers) -> tuple[str, str] | None:
        given = headers.getlist("host")
        if not given and scope.get("http_version") == "1.0":
            return None  # no browser sends that, but health checks of load balancers do
        if len(given) != 1:
            return "bad-request", f"a request needs one Host header; this one has {len(given)}"
        if self._hosts.allows(host_of(given[0])):
            return None
        return "unknown-host", (
            f"this server does not answer as {quoted(given[0])}: use localhost or an address of "
            "its machine, or have the operator add the name to DENSEARCH_ALLOWED_HOSTS or, behind "
            "a reverse proxy, set DENSEARCH_PUBLIC_URL"
        )

    def _site_fault(self, method: str, headers: Headers) -> tuple[str, str] | None:
        if method in SAFE_METHODS:
            return None
        if headers.get("sec-fetch-site") == "cross-site":
            return "cross-site-request", "a page of another site may not change anything here"
        origin = headers.get("origin")
        if origin is None or self._hosts.is_own_origin(origin, headers.get("host", "")):
            return None
        return "cross-site-request", (
            f"a page of {quoted(origin)} may not change anything here; if that is this server's "
            "own address behind a reverse proxy, the operator sets it as DENSEARCH_PUBLIC_URL"
        )


class BodyLimit:
    """Refuses a body that is too large, by its declared length or by the bytes that arrive.

    Args:
        app: The next application.
        max_bytes: Largest body of every request except an upload.
        upload_path: Path to which files are posted; None without uploads.
        max_upload_bytes: Largest uploaded file; JSON posted to that path is held to `max_bytes`.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        upload_path: str | None = None,
        max_upload_bytes: int = 0,
    ) -> None:
        self._app, self._max_bytes = app, max_bytes
        self._upload_path, self._max_upload_bytes = upload_path, max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; reading too much of its body raises `ProblemError`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = self._limit_of(scope, headers)
        declared = headers.get("content-length", "")
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > most):
            # A client that sent Expect: 100-continue has sent no body yet.
            if "expect" not in headers:
                await _drop_body(receive)
            await answer_of_document(document_of(_too_large(most)))(scope, receive, send)
            return
        n_bytes = 0

        async def counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > most:
                if message.get("more_body"):
                    await _drop_body(receive)
                raise _too_large(most)
            return message

        await self._app(scope, counted, send)

    def _limit_of(self, scope: Scope, headers: Headers) -> int:
        is_upload = scope["method"] == "POST" and scope["path"] == self._upload_path
        is_json = headers.get("content-type", "").lower().startswith("application/json")
        return self._max_upload_bytes if is_upload and not is_json else self._max_bytes


def _too_large(most: int) -> ProblemError:
    detail = f"at most {most:,} bytes are read"
    return ProblemError("body-too-large", detail, [Fault("", detail)])


async def _drop_body(receive: Receive) -> None:
    """Read the rest of a body, up to `MAX_DROPPED_BYTES`, and drop it."""
    n_bytes, message = 0, await receive()
    while message.get("more_body") and n_bytes < MAX_DROPPED_BYTES:
        n_bytes += len(message["body"])
        message = await receive()
