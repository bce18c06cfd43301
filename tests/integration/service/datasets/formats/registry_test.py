"""The format is found by the names of the files."""

from __future__ import annotations

import pytest

from tests.support.datasets import bad, making
from tests.support.datasets.importing import Case, Refuses

CASES: dict[str, Case] = {
    "empty zip": (lambda: making.zipped({}), "", "empty"),
    "clutter alone": (lambda: making.zipped({"__MACOSX/x": b"1"}), "", "empty"),
    "image next to classes": (
        lambda: bad.good_and(**{"x.png": making.image(1)}),
        "format",
        "which of",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_files_of_no_format_are_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])
