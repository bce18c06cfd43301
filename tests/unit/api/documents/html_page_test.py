"""The HTML page: one file that needs nothing, in which every text is escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser

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
from api.documents.figures import svg
from api.documents.html_page import html_of, inline

HOSTILE = "<script>x</script><img src=//e onerror='x'>\"&amp;{{ 7*7 }}"


class Seen(HTMLParser):
    """Tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


def page_of(text: str) -> str:
    picture = svg.whole(10, 10, text, [svg.text(0, 0, text)], "#000")
    blocks: list[Block] = [
        TextBlock(text, "good"),
        ListBlock([text]),
        FactsBlock([(text, [text])]),
        TableBlock(text, columns(text), [[text]]),
        FigureBlock(text, picture, [(text, text)]),
        CodeBlock(text, "json"),
    ]
    return html_of(JobDocument(text, text, blocks, [DocumentSection("s", text, blocks)]))


def test_every_text_is_shown_as_it_is_and_none_is_markup() -> None:
    plain, hostile = Seen(page_of("name")), Seen(page_of(HOSTILE))
    assert hostile.tags == plain.tags
    assert hostile.names == plain.names
    assert hostile.words.count(HOSTILE) == plain.words.count("name") > 20
    assert not {name for name in hostile.names if name.startswith("on")}


def test_the_page_loads_nothing_and_has_no_script() -> None:
    page = page_of("name")
    seen = Seen(page)
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(seen.tags)
    assert not {"src", "srcset", "action"} & seen.names
    assert not re.search(r"url\(|@import|@font-face", page)
    without_namespace = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "//" not in without_namespace


def test_powers_of_ten_are_raised_and_other_carets_are_not() -> None:
    assert inline("1.2\u00d710^\u22125, a^b <i>") == (
        "1.2\u00d710<sup>\u22125</sup>, a^b &lt;i&gt;"
    )
