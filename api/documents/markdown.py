"""A document as Markdown (CommonMark with GitHub's tables); figures are their captions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from api.documents.blocks import (
    Block,
    CodeBlock,
    DocumentSection,
    FactsBlock,
    FigureBlock,
    JobDocument,
    ListBlock,
    TableBlock,
    TextBlock,
)
from densearch.names import shown

_MARKS = re.compile(r"([\\`*_\[\]<>|~#!$])")
# What begins a list, a quotation, a heading or a rule at the start of a line.
_STARTS = re.compile(r"^(\s*)([-+=](?=[-=\s]|$)|\d+(?=[.)](?:\s|$)))")
_STRONG = ("lead", "good", "bad", "open")


def markdown_of(document: JobDocument) -> str:
    """Write a document as Markdown in which no text of a user is markup, HTML or a link."""
    head = [f"# {escaped(document.title)}", escaped(document.subtitle)]
    first = [_block(block) for block in document.first_page]
    parts = [*head, *first, *(_section(section) for section in document.sections)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Return a text as one line of Markdown that shows it as it is."""
    line = " ".join(shown(text, "\n\t").split())
    line = _MARKS.sub(r"\\\1", line.replace("&", "&amp;"))
    line = line.replace("\\<", "&lt;").replace("\\>", "&gt;")
    # Readers make links of bare addresses.
    for mark, entity in (("://", "&#58;//"), ("www.", "www&#46;"), ("@", "&#64;")):
        line = line.replace(mark, entity)
    return _STARTS.sub(_escape_start, line)


def _escape_start(found: re.Match[str]) -> str:
    mark = found[2]
    return f"{found[1]}&#{ord(mark[0])};{mark[1:]}"


def _section(section: DocumentSection) -> str:
    blocks = [_block(block) for block in section.blocks]
    return "\n\n".join([f"## {escaped(section.title)}", *blocks])


def _block(block: Block) -> str:
    match block:
        case TextBlock():
            words = escaped(block.text)
            return f"**{words}**" if block.tone in _STRONG else words
        case ListBlock():
            return _list(block.items)
        case FactsBlock():
            return _list_of_facts(block)
        case TableBlock():
            return _table(block)
        case FigureBlock():
            return _figure(block)
        case CodeBlock():
            return _code(block)


def _figure(block: FigureBlock) -> str:
    facts = FactsBlock([(title, [words]) for title, words in block.facts])
    caption = f"*Figure: {escaped(block.caption)}*"
    return f"{caption}\n\n{_list_of_facts(facts)}" if block.facts else caption


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(item)}" for item in items)


def _list_of_facts(block: FactsBlock) -> str:
    lines = []
    for title, words in block.rows:
        lines.append(f"- **{escaped(title)}:** {' '.join(map(escaped, words))}")
    return "\n".join(lines)


def _table(block: TableBlock) -> str:
    rule = "|".join(" ---: " if column.is_number else " --- " for column in block.columns)
    lines = [_row([column.title for column in block.columns]), f"|{rule}|"]
    lines += [_row(cells) for cells in block.rows]
    return escaped(block.caption) + "\n\n" + "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(escaped, cells)) + " |"


def _code(block: CodeBlock) -> str:
    """Return a fence that is longer than any in the text."""
    text = shown(block.text, "\n\t")
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{block.language}\n{text}\n{fence}"
