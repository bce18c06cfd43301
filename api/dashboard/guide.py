"""The documents of `docs/` as pages: Markdown becomes HTML, and links between them hold.

Raw HTML in a document stays text. A link to a file that is not served, such as one of the source
tree, becomes plain text.
"""

from __future__ import annotations

import posixpath
import re
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

import api

SUFFIX = ".md"
IMAGES = {".png": "image/png", ".svg": "image/svg+xml"}
# Those that a newcomer reads first; the others follow by name.
FIRST = ("index", "user-guide", "ideas", "is-it-worth-it", "datasets", "job-spec", "samplers")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)
_NAME = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*")
MOST_CHARS = 200
_NO_SLUG = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class GuidePage:
    """A document.

    Attributes:
        name: Its path below the folder, without the suffix.
        title: Its first heading.
        body: The document as HTML.
        headings: Anchor and text of its second level.
    """

    name: str
    title: str
    body: Markup
    headings: Sequence[tuple[str, str]]


@cache
def folder() -> Path | None:
    """Return the folder of the documents: of a source tree, or of an installed wheel.

    None where neither has any.
    """
    tree = Path(api.__file__).parent.parent / "docs"
    installed = Path(sysconfig.get_path("data")) / "share" / "densearch" / "docs"
    return next((path for path in (tree, installed) if (path / "user-guide.md").is_file()), None)


def is_here() -> bool:
    """Whether this server has the documents."""
    return folder() is not None


@cache
def contents() -> Sequence[tuple[str, str]]:
    """Return name and title of the documents, without decisions and evidence."""
    found = folder()
    names = sorted(path.stem for path in found.glob("*" + SUFFIX)) if found else []
    ordered = [*(n for n in FIRST if n in names), *(n for n in names if n not in FIRST)]
    return [(name, _title(_text(name) or "", name)) for name in ordered]


def page(name: str) -> GuidePage | None:
    """Return a document as a page; None where there is none of this name."""
    return _page(name) if _file(name + SUFFIX) is not None else None


@cache
def _page(name: str) -> GuidePage:
    text = _text(name) or ""
    tokens = _markdown().parse(text)
    headings = list(_anchored(tokens))
    _redirect(tokens, posixpath.dirname(name))
    parser = _markdown()
    body = parser.renderer.render(tokens, parser.options, {})
    sections = [(anchor, text) for level, anchor, text in headings if level == "h2"]
    return GuidePage(name, _title(text, name), Markup(body), sections)  # noqa: S704 - escaped above


def image(name: str) -> tuple[bytes, str] | None:
    """Return a picture of the documents with its media type; None where there is none."""
    path = _file(name)
    if path is None or path.suffix not in IMAGES:
        return None
    return path.read_bytes(), IMAGES[path.suffix]


def file_below(base: Path, name: str) -> Path | None:
    """Return a file below a folder; a name that would lead out of it has none."""
    if len(name) > MOST_CHARS or not _NAME.fullmatch(name):
        return None
    path = base / name
    return path if path.is_file() and path.resolve().is_relative_to(base.resolve()) else None


def _file(name: str) -> Path | None:
    base = folder()
    return file_below(base, name) if base is not None else None


def _text(name: str) -> str | None:
    path = _file(name + SUFFIX)
    return path.read_text("utf-8") if path is not None else None


def _title(text: str, name: str) -> str:
    found = re.search(r"^# (.+)$", text, flags=re.MULTILINE)
    return found[1].replace("`", "") if found else name


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # What may be wider than the page scrolls, also by the keyboard.
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return parser


def _fence(
    _: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    *__: Any,
) -> str:
    if tokens[index].info.startswith("{toctree}"):  # for Sphinx alone
        return ""
    text = escape(tokens[index].content)
    return f'<div class="code"><pre tabindex="0"><code>{text}</code></pre></div>\n'


def _table_open(*_: Any) -> str:
    return '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>\n'


def _table_close(*_: Any) -> str:
    return "</table></div>\n"


def _anchored(tokens: Sequence[Token]) -> Iterable[tuple[str, str, str]]:
    """Give headings their anchors, as code hosts do; yield level, anchor and text of each."""
    taken: dict[str, int] = {}
    for token, inline in pairwise(tokens):
        if token.type != "heading_open":
            continue
        text = "".join(part.content for part in inline.children or [])
        slug = _NO_SLUG.sub("", text.lower()).replace(" ", "-")
        n_before = taken.get(slug, 0)
        taken[slug] = n_before + 1
        anchor = f"{slug}-{n_before}" if n_before else slug
        token.attrSet("id", anchor)
        yield token.tag, anchor, text


def _redirect(tokens: Sequence[Token], base: str) -> None:
    """Make links between documents lead to their pages.

    Args:
        tokens: Of a document; they are changed.
        base: The document's folder below that of all.
    """
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = list(_leading(token.children, base))


def _leading(parts: Sequence[Token], base: str) -> Iterable[Token]:
    is_open = [True]
    for part in parts:
        if part.type == "link_open":
            target = _target(str(part.attrs["href"]), base)
            is_open.append(target is not None)
            if target is None:
                continue
            part.attrs["href"] = target
        elif part.type == "link_close" and not is_open.pop():
            continue
        yield part


def _target(href: str, base: str) -> str | None:
    """Return where a link of a document leads; None where nothing is served."""
    if _SCHEME.match(href) or href.startswith("#"):
        return href
    path, mark, anchor = href.partition("#")
    file = _file(posixpath.normpath(posixpath.join(base, path)))
    if file is None or file.suffix not in {SUFFIX, *IMAGES}:
        return None
    return path.removesuffix(SUFFIX) + mark + anchor
