"""The header Prefer as RFC 7240 writes it, and as people do."""

from __future__ import annotations

import pytest
from fastapi import Request

from api.preferences import MAX_WAIT_S, WAIT_S, Patience, patience_of, preferred, prefers_html


def request_of(*values: str) -> Request:
    headers = [(b"prefer", value.encode()) for value in values]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("values", "seconds", "applied"),
    [
        ((), WAIT_S, ""),
        (("respond-async",), 0, "respond-async"),
        (("Respond-Async; foo=bar",), 0, "respond-async"),
        (("respond-async, wait=3",), 3, "wait=3"),
        (("return=minimal", 'WAIT = "0"'), 0, "wait=0"),
        (("wait=3, wait=7",), 3, "wait=3"),
        (("wait=999999",), MAX_WAIT_S, "wait=600"),
        (("wait=-1, wait=soon, wait, handling=strict",), WAIT_S, ""),
    ],
)
def test_how_long_a_request_waits(values: tuple[str, ...], seconds: float, applied: str) -> None:
    assert patience_of(request_of(*values)) == Patience(seconds, applied)


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ((), False),
        (("*/*",), False),
        (("text/html,application/xhtml+xml,*/*;q=0.8",), True),
        (("TEXT/HTML ; level=1",), True),
        (("application/json, text/plain, */*",), False),
        (("text/html, application/json",), False),
        (("text/html;q=0.9", "application/problem+json"), False),
        (("text/html", "application/json;q=0.9"), True),
        (("text/html;q=0",), False),
        (("text/html;q=nan, */*",), True),
        (("text/*, text/htmlx",), False),
    ],
)
def test_a_page_is_preferred_where_html_is_named_before_json(
    accept: tuple[str, ...], is_page: bool
) -> None:
    assert prefers_html(accept) is is_page


OFFERED = ["application/json", "text/html", "text/markdown", "application/pdf"]
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("", "application/json"),
        (CHROMIUM, "text/html"),
        ("application/pdf", "application/pdf"),
        ("text/*", "text/html"),
        ("text/html;q=0.3, text/markdown;q=0.7", "text/markdown"),
        ("text/*;q=0.9, text/html;q=0.1, */*;q=0.2", "text/markdown"),
        ("image/png", "application/json"),
        ("TEXT/HTML", "text/html"),
        ("text/html;q=0, application/pdf;q=0.1", "application/pdf"),
        (";;,,q=1", "application/json"),
    ],
)
def test_the_preferred_type(accept: str | None, chosen: str) -> None:
    assert preferred([] if accept is None else [accept], OFFERED) == chosen
