"""The documents as pages: every link leads somewhere, and nothing in them is run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest

from api.dashboard import guide
from tests.support.root import ROOT

DOCS = ROOT / "docs"
NAMES = sorted(str(path.relative_to(DOCS)).removesuffix(".md") for path in DOCS.rglob("*.md"))


class Found(HTMLParser):
    """Collects what a browser would follow, fetch or jump to."""

    def __init__(self, body: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.feed(body)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [value] if (value := given.get("id")) else []
        self.links += [value] if tag == "a" and (value := given.get("href")) else []
        self.images += [value] if tag == "img" and (value := given.get("src")) else []


@pytest.fixture(scope="module")
def bodies() -> dict[str, Found]:
    pages = {name: guide.page(name) for name in NAMES}
    return {name: Found(str(page.body)) for name, page in pages.items() if page is not None}


def test_every_document_is_a_page(bodies: dict[str, Found]) -> None:
    assert list(bodies) == NAMES
    assert {name for name, _ in guide.contents()} == {n for n in NAMES if "/" not in n}
    assert guide.contents()[:2] == [("index", "densearch"), ("user-guide", "User guide")]
    assert "toctree" not in str(page.body if (page := guide.page("index")) else "toctree")


def test_links_lead_to_pages_and_headings(bodies: dict[str, Found]) -> None:
    inner = [(name, link) for name, found in bodies.items() for link in found.links]
    followed = [(name, link) for name, link in inner if not re.match(r"[a-z]+:", link)]
    assert len(followed) > 200
    for name, link in followed:
        path, _, anchor = urljoin(f"/guide/{name}", link).partition("#")
        target = path.removeprefix("/guide/")
        if target not in bodies:
            assert guide.image(target), f"{name}: {link}"
        elif anchor:
            assert anchor in bodies[target].ids, f"{name}: {link}"


def test_ids_are_unique_and_images_are_sent(bodies: dict[str, Found]) -> None:
    for name, found in bodies.items():
        assert len(set(found.ids)) == len(found.ids), name
        for source in found.images:
            path = urljoin(f"/guide/{name}", source).removeprefix("/guide/")
            sent = guide.image(path)
            assert sent is not None
            assert sent[0] == (DOCS / path).read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "../README",
        "adr/../user-guide",
        "/etc/hosts",
        "adr",
        "",
        "user-guide.md",
        "x" * 5000,
        "a\x00",
    ],
)
def test_nothing_else_is_a_document(name: str) -> None:
    assert guide.page(name) is None
    assert guide.image(name) is None


def test_raw_html_is_text_and_scripts_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "# A\n\n<script>alert(1)</script> [x](javascript:alert(1)) [y](gone.md)\n\n# A\n"
    (tmp_path / "hostile.md").write_text(text)
    monkeypatch.setattr(guide, "folder", lambda: tmp_path)
    found = guide.page("hostile")
    assert found is not None
    body = str(found.body)
    assert "<script" not in body
    assert Found(body).links == []
    assert Found(body).ids == ["a", "a-1"]


def test_a_server_without_documents_has_no_guide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guide, "folder", lambda: None)
    assert not guide.is_here()
    assert guide.page("user-guide") is None
