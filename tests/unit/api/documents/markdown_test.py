"""Markdown, read by another program: no text of a user is markup, HTML, a link or a picture."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

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
    columns,
)
from api.documents.markdown import escaped, markdown_of

READER = MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough")
HOSTILE = [
    "<script>alert(1)</script>",
    "<!-- x", "&lt;b&gt; &amp; &#60;",
    "[a](javascript:alert(1))",
    "![a](https://e.example/a.png)",
    "[a]: https://e.example",
    "<https://e.example>",
    "https://e.example www.e.example a@e.example",
    "**b** __b__ *i* _i_ `c` ~~s~~",
    "# h", "1. one", "1) one", "- one", "+ one", "> q", "---", "===", "***", "```x", "~~~",
    "a | b", "| a | b |\n| - | - |", "a\\", "\\|", "\ttab", "    code", "a  \nb", "$x$",
    "a\n\n# b", "2.5", "2.", "-5", "-", "+", "=", "12 - 3 = 9", "den[0]",
    "\u05d0\u05d1\u05d2 \u0645\u0631\u062d\u0628\u0627", "\U0001f389",
]  # fmt: skip


def shown_of(text: str) -> list[str]:
    """Return what a reader sees of one paragraph; fail where there is anything else."""
    tokens = READER.parse(escaped(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = tokens[1].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    return "".join(child.content for child in children).split()


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_one_line_that_shows_it_as_it_is(text: str) -> None:
    assert shown_of(text) == text.split()


def test_what_reverses_or_hides_text_is_shown_as_an_escape() -> None:
    assert escaped("a\u202eb\x00") == "a\\\\u202eb\\\\x00"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_document_has_its_own_structure_alone(text: str) -> None:
    blocks: list[Block] = [
        TextBlock(text, "lead"),
        ListBlock([text]),
        FactsBlock([(text, [text, text])]),
        TableBlock(text, columns(text, "#n"), [[text, text]]),
        FigureBlock(text, "<svg/>", [(text, text)]),
        CodeBlock(f"```\n{text}\n````", "json"),
    ]
    document = JobDocument(text, text, blocks, [DocumentSection("s", text, blocks)])
    tokens = READER.parse(markdown_of(document))
    kinds = {child.type for token in tokens for child in token.children or []}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close", "em_open", "em_close"}
    assert [t.tag for t in tokens if t.type == "heading_open"] == ["h1", "h2"]
    assert sum(t.type == "table_open" for t in tokens) == 2
    assert sum(t.type == "td_open" for t in tokens) == 4
    assert [t.type for t in tokens].count("fence") == 2
    assert not any(t.type in {"html_block", "code_block", "hr", "blockquote_open"} for t in tokens)
