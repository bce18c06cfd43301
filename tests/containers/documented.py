"""The commands and files that docs/operations.md shows, to be run as they stand there."""

from __future__ import annotations

import re

from tests.support.root import ROOT

PAGE = "docs/operations.md"


def block(heading: str, language: str = "bash") -> str:
    """Return the first block of a language below a heading of the page.

    Raises:
        LookupError: There is no such heading, or no block below it.
    """
    page = (ROOT / PAGE).read_text()
    _, found, below = page.partition(f"\n{heading}\n")
    below = re.split(r"^#{2,4} ", below, maxsplit=1, flags=re.MULTILINE)[0]
    code = re.search(rf"^```{language}\n(.*?)^```$", below, re.MULTILINE | re.DOTALL)
    if not found or code is None:
        raise LookupError(f"{PAGE} has no {language} block below {heading!r}")
    return code[1]
