"""The built site is sent while it is that of the present documents, and no file beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.dashboard import built_site, guide


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    docs, pages = tmp_path / "docs", tmp_path / "build" / "site"
    (docs / "adr").mkdir(parents=True)
    (docs / "a.md").write_text("# A")
    (docs / "adr" / "b.md").write_text("# B")
    (pages / "adr").mkdir(parents=True)
    (pages / "a.html").write_text("A")
    (pages / "adr" / "b.html").write_text("B")
    (pages / "style.css").write_text("")
    (pages / built_site.DIGEST).write_text(built_site.digest_of(docs))
    (tmp_path / "build" / "secret.html").write_text("secret")
    (pages / "link.html").symlink_to(tmp_path / "build" / "secret.html")
    return docs


def test_any_change_of_a_document_is_seen(documents: Path) -> None:
    before = built_site.digest_of(documents)
    assert built_site.digest_of(documents) == before
    (documents / "notes.txt").write_text("no document")
    assert built_site.digest_of(documents) == before
    (documents / "a.md").rename(documents / "c.md")
    renamed = built_site.digest_of(documents)
    (documents / "c.md").write_text("# C")
    assert len({before, renamed, built_site.digest_of(documents)}) == 3


def test_a_site_of_other_documents_is_not_sent(documents: Path) -> None:
    assert built_site.Site(documents).is_here()
    (documents / "a.md").write_text("# Other")
    assert not built_site.Site(documents).is_here()
    (documents.parent / "build" / "site" / built_site.DIGEST).unlink()
    assert not built_site.Site(documents).is_here()


def test_a_build_is_noticed(documents: Path) -> None:
    found = built_site.Site(documents)
    digest = documents.parent / "build" / "site" / built_site.DIGEST
    digest.unlink()
    assert not found.is_here()
    digest.write_text(built_site.digest_of(documents))
    assert found.is_here()


def test_pages_have_no_suffix_and_files_have_theirs(documents: Path) -> None:
    found = built_site.Site(documents)
    for name, kind in (("a", ".html"), ("a.html", ".html"), ("adr/b", ".html"), ("style.css", "")):
        sent = found.file(name)
        assert sent is not None
        assert sent[0].suffix == (kind or ".css")
        assert sent[1] == built_site.MEDIA_TYPES[sent[0].suffix]


@pytest.mark.parametrize(
    "name",
    ["../secret", "link", "/a", "", "adr", "..", "adr/../a", "a\0", "a" * 5000, "adr//b", "%2e"],
)
def test_nothing_else_is_sent(name: str, documents: Path) -> None:
    assert built_site.Site(documents).file(name) is None


def test_without_documents_there_is_no_site(
    documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guide, "folder", lambda: documents)
    assert built_site.built() is built_site.built()
    assert built_site.built() is not None
    monkeypatch.setattr(guide, "folder", lambda: None)
    assert built_site.built() is None
