"""Options of an import that make no sense."""

from __future__ import annotations

from typing import Any

import pytest

from service.datasets.options import ImportOptions


@pytest.mark.parametrize(
    "wrong", [{"validation": 0.6, "test": 0.4}, {"name": "\x1b[2J"}, {"name": " "}, {"sede": 1}]
)
def test_options_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"validation|Name|sede"):
        ImportOptions(**({"name": "x"} | wrong))
