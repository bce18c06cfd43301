"""Entity tags by the rules and examples of RFC 9110, 8.8.3 and 13.1.2."""

from __future__ import annotations

import pytest

from api.conditional import is_known, tag_of


def test_a_tag_is_of_one_content_in_one_format() -> None:
    assert tag_of("a", "md") == tag_of("a", "md")
    assert len({tag_of("a", "md"), tag_of("a", "html"), tag_of("b", "md")}) == 3


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (None, False),
        ('"x"', True),
        ('W/"x"', True),
        ('"a", "x"', True),
        ("*", True),
        ('"xx"', False),
        ("x", False),
    ],
)
def test_what_a_client_has(header: str | None, known: bool) -> None:
    assert is_known(header, '"x"') is known
