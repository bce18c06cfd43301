"""The site is built without a warning, its links lead somewhere, no page has a script inside."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urljoin

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.dashboard import built_site
from api.middleware.access import POLICY
from service.settings import Settings
from service.storage.database import Database
from tests.support.pages import ADDRESS
from tests.support.root import ROOT

LINK = re.compile(r'(?:href|src)="([^"]*)"')
NO_ANCHOR = re.compile(r"[a-z][a-z0-9+.-]*:")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("guide") / "build" / built_site.FOLDER
    # What was read is kept between runs: then only changed documents are read again.
    doctrees = ROOT / "build" / "doctrees-of-tests"
    done = subprocess.run(
        [sys.executable, "docs/build_site.py", "--out", out, "--doctrees", doctrees],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return out


def test_every_link_leads_to_a_page_and_a_place_on_it(pages: Path) -> None:
    texts = {str(p.relative_to(pages)): p.read_text("utf-8") for p in pages.rglob("*.html")}
    ids = {name: set(re.findall(r'\bid="([^"]*)"', text)) for name, text in texts.items()}
    documents = {str(p.relative_to(ROOT / "docs"))[:-3] for p in (ROOT / "docs").rglob("*.md")}
    assert documents == {name[:-5] for name in texts} - {"search", "genindex"}
    for name, text in texts.items():
        for link in set(LINK.findall(text)):
            path, _, anchor = urljoin(f"/{name}", link.replace("&amp;", "&")).partition("#")
            if NO_ANCHOR.match(link) or link.endswith("../"):
                continue
            target = unquote(path.partition("?")[0]).removeprefix("/")
            page = f"{target}.html" if f"{target}.html" in texts else target
            assert (pages / page).is_file(), f"{name}: {link}"
            assert not anchor or page not in ids or anchor in ids[page], f"{name}: {link}"


def test_a_server_sends_it_under_its_policy(
    pages: Path, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in pages.rglob("*.html"):
        text = page.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", text), page
        assert not re.search(r"<[^>]+ on[a-z]+=", text), page
    found = built_site.Site(ROOT / "docs")
    monkeypatch.setattr(found, "_pages", pages)
    monkeypatch.setattr(built_site, "built", lambda: found)
    app = create_app(Settings(data_dir=tmp_path, port=0), sqlite_database)
    with TestClient(app, base_url=ADDRESS) as client:
        start = client.get("/guide")
        assert start.url.path == "/guide/index"
        assert start.headers["content-security-policy"] == POLICY
        for name in ("user-guide", "adr/0001-the-trial-log-is-the-state", "search"):
            shown = client.get(f"/guide/{name}")
            assert shown.headers["content-type"] == "text/html; charset=utf-8"
            (script,) = set(re.findall(r'src="([^"]*page-[0-9a-f]+\.js)"', shown.text))
            sent = client.get(urljoin(f"/guide/{name}", script))
            assert "javascript" in sent.headers["content-type"]
            assert "localStorage" in sent.text
        assert "Search.setIndex" in client.get("/guide/searchindex.js").text
        assert client.get("/guide/nothing").status_code == 404
