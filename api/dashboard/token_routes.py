"""The page that asks a browser for the server's token, and gives it a cookie."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.dashboard.rendering import html
from api.middleware.tokens import COOKIE_S, TOKEN_PATH, Key
from api.middleware.wrong_tokens import WrongTokens

router = APIRouter(include_in_schema=False)
MOST_FIELDS = 5
# A path of this server: two slashes at its beginning would name another one.
_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,4000}")
log = structlog.get_logger("api")


@router.get(TOKEN_PATH)
def show_token_form(request: Request) -> Response:
    """Ask for the token."""
    return html(request, "token.html", following="/", is_wrong=False)


@router.post(TOKEN_PATH)
async def take_token(request: Request) -> Response:
    """Take the token of the form: the cookie, and the page that was asked for; or the form again.

    The cookie has no path: browsers take the folder of this address, hence it holds below the
    prefix of a reverse proxy too, and nowhere else.
    """
    fields = _fields(await request.body())
    given, following = (fields.get(name, [""])[0] for name in ("token", "following"))
    following = following if _PATH.fullmatch(following) else "/"
    key: Key | None = request.app.state.key
    if key is not None and not key.is_token(given.strip()):
        client = request.client.host if request.client else ""
        log.warning("wrong token", client=client)
        wrong: WrongTokens = request.app.state.wrong_tokens
        await asyncio.sleep(wrong.note(client))
        return html(request, "token.html", 401, following=following, is_wrong=True)
    answer = RedirectResponse(following, 303)
    if key is not None:
        answer.set_cookie(
            key.cookie_name,
            key.cookie,
            max_age=COOKIE_S,
            path=None,
            secure=_is_secure(request),
            httponly=True,
            samesite="strict",
        )
    return answer


def _fields(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS)
    except ValueError:  # more of them than the form has
        return {}


def _is_secure(request: Request) -> bool:
    """Whether the browser uses HTTPS: Origin says so behind a proxy that is not trusted, too."""
    origin = request.headers.get("origin", "")
    return origin.startswith("https://") or request.url.scheme == "https"
