"""What a document is made of: sections of paragraphs, lists, tables, figures and code.

All texts are plain: each renderer escapes them for its own format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "lead", "good", "bad", "open", "warning", "muted"]


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A paragraph; its tone is how it stands out."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class ListBlock:
    """Several sentences of equal rank."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class FactsBlock:
    """Titles, each with its sentences."""

    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: its title, and whether it holds numbers."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table.

    Attributes:
        caption: What it shows.
        columns: From left to right.
        rows: Each with a cell for every column.
    """

    caption: str
    columns: Sequence[TableColumn]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class FigureBlock:
    """A figure.

    Attributes:
        caption: What it shows, for a reader who does not see it too.
        svg: A whole SVG element, escaped.
        facts: Titles with their values, at its side.
    """

    caption: str
    svg: str
    facts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Code or data to copy."""

    text: str
    language: str


Block = TextBlock | ListBlock | FactsBlock | TableBlock | FigureBlock | CodeBlock


@dataclass(frozen=True, slots=True)
class DocumentSection:
    """A heading with what is under it; `slug` is its address in the document."""

    slug: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class JobDocument:
    """A job as a document.

    Attributes:
        title: The job's name.
        subtitle: What the document is, of which job, and from when.
        first_page: What a reader needs who decides.
        sections: What a reader needs who checks.
    """

    title: str
    subtitle: str
    first_page: Sequence[Block]
    sections: Sequence[DocumentSection]


def columns(*titles: str) -> list[TableColumn]:
    """Return columns; one whose title begins with "#" holds numbers."""
    return [TableColumn(title.removeprefix("#"), title.startswith("#")) for title in titles]
