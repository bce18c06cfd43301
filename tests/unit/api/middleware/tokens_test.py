"""What opens a server: the token in a header, or the cookie made for it, and nothing else."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from api.middleware.tokens import Key

TOKEN, OTHER = "0123456789abcdef", "0123456789abcdeF"
KEY = Key(TOKEN)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_opens_it(scheme: str) -> None:
    assert KEY.opens(Headers({"authorization": f"{scheme} {TOKEN}"}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": TOKEN},
        {"authorization": "Bearer"},
        {"authorization": f"Bearer {OTHER}"},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": f"Bearer {TOKEN[:-1]}"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer \u00e9\u00e9"},
        {"cookie": ""},
        {"cookie": f"{KEY.cookie_name}="},
        {"cookie": f"{KEY.cookie_name}={TOKEN}"},
        {"cookie": f"{KEY.cookie_name}={Key(OTHER).cookie}"},
        {"cookie": f"{Key(OTHER).cookie_name}={KEY.cookie}"},
    ],
)
def test_nothing_else_does(headers: dict[str, str]) -> None:
    assert not KEY.opens(Headers(headers))


def test_two_tokens_in_one_request_are_none() -> None:
    raw = [(b"authorization", f"Bearer {one}".encode()) for one in (OTHER, TOKEN)]
    assert not KEY.opens(Headers(raw=raw))


def test_the_cookie_opens_it_and_does_not_hold_the_token() -> None:
    assert KEY.opens(Headers({"cookie": f"theme=dark; {KEY.cookie_name}={KEY.cookie}"}))
    assert TOKEN not in f"{KEY.cookie_name}={KEY.cookie}"
    assert TOKEN not in repr(KEY)


def test_servers_with_different_tokens_have_different_cookies() -> None:
    assert KEY.cookie_name != Key(OTHER).cookie_name
    assert KEY.cookie != Key(OTHER).cookie
    assert (KEY.cookie_name, KEY.cookie) == (Key(TOKEN).cookie_name, Key(TOKEN).cookie)
