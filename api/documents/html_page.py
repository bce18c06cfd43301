"""A document as one HTML file: its style and its figures are in it, and it has no script."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Template
from markupsafe import Markup, escape

from api.documents.blocks import JobDocument
from api.templating import environment_of
from densearch.names import shown

_POWER = re.compile(r"\u00d710\^(\u2212?\d+)")


def html_of(document: JobDocument) -> str:
    """Write a document as HTML."""
    return _template().render(document=document)


def inline(text: str) -> Markup:
    """Return a text with powers of ten raised; all else is escaped."""
    safe = str(escape(shown(text, "\n\t")))
    return Markup(_POWER.sub("\u00d710<sup>\\1</sup>", safe))  # noqa: S704 - escaped above


def drawing(svg: str) -> Markup:
    """Return a figure, whose texts are escaped where it is drawn (`api.documents.figures`)."""
    return Markup(svg)  # noqa: S704 - made by our own figures


@cache
def _template() -> Template:
    environment = environment_of("api.documents")
    environment.filters.update(inline=inline, drawing=drawing)
    environment.filters["kind"] = lambda block: type(block).__name__
    return environment.get_template("document.html")
