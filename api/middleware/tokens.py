"""The token that every request must carry where DENSEARCH_TOKEN is set: in a header, or a cookie.

Programs send `Authorization: Bearer`. Browsers get a cookie for the token that a person types
once: an HMAC of the token, from which nobody learns the token. Its name and value follow from the
token, so that a new token invalidates all cookies, and nothing of them is stored.

Sources: RFC 6750 (bearer tokens), RFC 6265bis (cookies).
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field
from hashlib import sha256

import structlog
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from api.middleware.wrong_tokens import WrongTokens
from api.problems.handlers import answer
from api.problems.kinds import PROBLEMS, UNAUTHORIZED
from service.settings import Settings

TOKEN_PATH = "/token"  # noqa: S105 - an address, no secret
# What probes need, and what tells nothing about jobs: the form for the token, and what it shows.
OPEN = frozenset({"/healthz", "/readyz", "/favicon.ico", TOKEN_PATH})
OPEN_FOLDERS = ("/static/", "/problems/")
IS_KNOWN = "densearch.is_known"
COOKIE_S = 365 * 86_400
REALM = 'Bearer realm="densearch"'
log = structlog.get_logger("api")


@dataclass(frozen=True)
class Key:
    """What opens the server. Comparisons take the same time for every wrong secret.

    Args:
        token: As in the settings.
    """

    token: str = field(repr=False)

    @property
    def cookie_name(self) -> str:
        """Name of the cookie: servers of one host, which share their cookies, differ in it."""
        return f"densearch-{_derived(self.token, 'name')[:12]}"

    @property
    def cookie(self) -> str:
        """Value of the cookie."""
        return _derived(self.token, "cookie")

    def is_token(self, text: str) -> bool:
        """Whether a text is the token; digests of it are compared, which have one length."""
        digests = (sha256(one.encode("utf-8", "replace")).digest() for one in (text, self.token))
        return hmac.compare_digest(*digests)

    def opens(self, headers: Headers) -> bool:
        """Whether a request has the token, or the cookie made for it."""
        return self._has_token(headers) or self._has_cookie(headers)

    def _has_token(self, headers: Headers) -> bool:
        given = _bearer(headers)
        return given is not None and self.is_token(given)

    def _has_cookie(self, headers: Headers) -> bool:
        cookies = cookie_parser("; ".join(headers.getlist("cookie")))
        found = cookies.get(self.cookie_name, "").encode("utf-8", "replace")
        return hmac.compare_digest(found, self.cookie.encode())


def key_of(settings: Settings) -> Key | None:
    """Return what opens a server with these settings; None where it is open to all."""
    return None if settings.token is None else Key(settings.token.get_secret_value())


class TokenGate:
    """Refuses requests without the token, except for what is open to all.

    The requests that it passes on have `IS_KNOWN` in their scope: whether the token came with
    them, which is true of all where there is none.

    Args:
        app: The next application.
        key: What opens the server; None lets every request in.
        wrong: Counts the wrong tokens of each address, whose answers it may delay.
    """

    def __init__(self, app: ASGIApp, key: Key | None, wrong: WrongTokens) -> None:
        self._app, self._key, self._wrong = app, key, wrong

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_known = self._key is None or self._key.opens(headers)
        if is_known or _is_open(scope["path"]):
            scope[IS_KNOWN] = is_known
            await self._app(scope, receive, send)
            return
        is_wrong = _bearer(headers) is not None
        if is_wrong:
            client = (scope.get("client") or ("",))[0]
            log.warning("wrong token", client=client)
            await asyncio.sleep(self._wrong.note(client))
        await answer(PROBLEMS[UNAUTHORIZED], _detail(is_wrong), headers=_challenge(is_wrong))(
            scope, receive, send
        )


def _bearer(headers: Headers) -> str | None:
    """Return the token of a request; None without one, or where another scheme or several are."""
    given = headers.getlist("authorization")
    scheme, _, text = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return text.strip() if scheme.lower() == "bearer" else None


def _is_open(path: str) -> bool:
    return path in OPEN or path.startswith(OPEN_FOLDERS)


def _detail(is_wrong: bool) -> str:  # noqa: FBT001 - private, and of one call
    said = "this is not the server's token" if is_wrong else "the request has no token"
    return f"{said}. {PROBLEMS[UNAUTHORIZED].remedy}"


def _challenge(is_wrong: bool) -> dict[str, str]:  # noqa: FBT001 - as above
    return {"www-authenticate": REALM + (', error="invalid_token"' if is_wrong else "")}


def _derived(token: str, purpose: str) -> str:
    purposed = f"densearch dashboard {purpose} 1"
    return hmac.new(token.encode(), purposed.encode(), sha256).hexdigest()
