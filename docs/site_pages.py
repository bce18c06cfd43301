"""The last touch to the pages of the site, after Sphinx has written them.

No page has a script inside: the server's security policy would not run it. A link to a file that
the site lacks, such as one of the source tree, becomes plain text.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]*)"')
_INNER = re.compile(r'<a\b[^>]*\bhref="#([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def finish(app: Sphinx, error: Exception | None) -> None:
    """Rewrite the pages that need it."""
    if error is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for page in out.rglob("*.html"):
        text = page.read_text("utf-8")
        finished = _without_dead_links(_without_scripts(out, page, text))
        if finished != text:
            page.write_text(finished, "utf-8")


def _without_scripts(out: Path, page: Path, text: str) -> str:
    root = "../" * (len(page.relative_to(out).parts) - 1)

    def moved(found: re.Match[str]) -> str:
        return _reference(out, found[1], root)

    return _INLINE.sub(moved, text)


def _without_dead_links(text: str) -> str:
    ids = set(_ID.findall(text))

    def kept(found: re.Match[str]) -> str:
        return found[0] if not found[1] or found[1] in ids else found[2]

    return _INNER.sub(kept, text)


def _reference(out: Path, script: str, root: str) -> str:
    name = f"_static/page-{hashlib.sha256(script.encode()).hexdigest()[:12]}.js"
    (out / name).write_text(script.strip() + "\n", "utf-8")
    return f'<script src="{root}{name}"></script>'
