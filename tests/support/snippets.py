"""The Python that documents show."""

from __future__ import annotations

import re

from tests.support.root import ROOT


def snippet(document: str, words: str) -> str:
    """Return the one Python block of a document that holds some words."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    (found,) = [block for block in blocks if words in block]
    return str(found)
