"""The documents as a site that Sphinx has built, where `docs/build_site.py` was run.

It is served in place of `api.dashboard.guide` while it is that of the present documents.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from api.dashboard import guide

FOLDER, DIGEST = "site", "documents.sha256"
# What the pages are made of.
SOURCES = (".md", ".py", ".svg", ".png", ".css", ".html")
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
}
_TEXT = "text/plain; charset=utf-8"


def digest_of(documents: Path) -> str:
    """Return the digest of a folder's documents, with their names."""
    total = hashlib.sha256()
    for path in sorted(p for p in documents.rglob("*") if p.suffix in SOURCES):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(documents).as_posix()} {content}\n".encode())
    return total.hexdigest()


def is_of(pages: Path, digest: str) -> bool:
    """Whether a folder holds the site of documents with this digest."""
    try:
        return (pages / DIGEST).read_text("utf-8") == digest
    except OSError:
        return False


class Site:
    """The built pages of a folder of documents.

    Args:
        documents: The folder; its neighbour is `build`.
    """

    def __init__(self, documents: Path) -> None:
        self._documents = documents
        self._pages = documents.parent / "build" / FOLDER
        self._seen: tuple[int, bool] = (0, False)

    def is_here(self) -> bool:
        """Whether they are built of the documents as they were when this was first asked of them.

        A later build is noticed; the documents are read once for each.
        """
        try:
            built_at = (self._pages / DIGEST).stat().st_mtime_ns
        except OSError:
            return False
        if self._seen[0] != built_at:
            self._seen = (built_at, is_of(self._pages, digest_of(self._documents)))
        return self._seen[1]

    def file(self, name: str) -> tuple[Path, str] | None:
        """Return the file of a page or of what belongs to it, with its media type."""
        pages = self._pages
        path = guide.file_below(pages, f"{name}.html") or guide.file_below(pages, name)
        return None if path is None else (path, MEDIA_TYPES.get(path.suffix, _TEXT))


def built() -> Site | None:
    """Return the built site of this server's documents; None where there is none."""
    documents = guide.folder()
    if documents is None:
        return None
    found = _sites.setdefault(documents, Site(documents))
    return found if found.is_here() else None


_sites: dict[Path, Site] = {}
