"""Templates become pages: escaped, readable whatever a name holds, and never kept by a browser."""

from __future__ import annotations

import pytest
from fastapi import Request
from jinja2 import UndefinedError

from api.dashboard.rendering import html, root_of


def request_of(path: str) -> Request:
    return Request({"type": "http", "method": "GET", "path": path, "headers": []})


def page(detail: str) -> str:
    return bytes(html(request_of("/jobs/1"), "missing.html", 404, detail=detail).body).decode()


def test_a_page_shows_the_present() -> None:
    answer = html(request_of("/jobs/1"), "missing.html", 404, detail="there is no job 1")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_what_users_wrote_is_text_and_never_markup() -> None:
    shown = page('<script src="x">&amp;</script>')
    assert "<script src=" not in shown.partition("<main")[2]
    assert "&lt;script src=&#34;x&#34;&gt;&amp;amp;" in shown


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\x85"])
def test_a_character_that_would_turn_the_text_around_is_written_out(character: str) -> None:
    shown = page(f"photos{character}gnp.exe")
    assert character not in shown
    assert "photos\\" in shown


def test_a_value_that_a_page_lacks_is_a_defect_and_no_gap() -> None:
    with pytest.raises(UndefinedError, match="detail"):
        html(request_of("/jobs/1"), "missing.html", 404)


@pytest.mark.parametrize(("path", "root"), [("/", "./"), ("/datasets", "./"), ("/jobs/7", "../")])
def test_addresses_in_a_page_begin_at_the_servers_root_as_the_page_sees_it(
    path: str, root: str
) -> None:
    assert root_of(path) == root
    body = bytes(html(request_of(path), "missing.html", detail="").body).decode()
    assert f'<a href="{root}datasets"' in body
    assert 'href="/' not in body
