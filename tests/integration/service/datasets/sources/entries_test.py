"""Names of files: which are refused, and which are the same."""

from __future__ import annotations

import zipfile

import pytest

from tests.support.datasets import bad, making
from tests.support.datasets.importing import Case, Refuses

CASES: dict[str, Case] = {
    "absolute path": (lambda: bad.named("/etc/x.png"), "/etc/x.png", "relative"),
    "path upwards": (lambda: bad.named("cat/../../x.png"), "cat/../../x.png", "relative"),
    "windows path": (lambda: bad.named("cat\\x.png"), "cat\\x.png", "relative"),
    "windows drive": (lambda: bad.named("C:x.png"), "C:x.png", "relative"),
    "name with escapes": (lambda: bad.named("cat/\x1b[2J.png"), "cat/\\x1b[2J.png", "printable"),
    "same name twice": (bad.twice, "cat/00.png", "twice"),
    "file without a name": (lambda: bad.zip_of(zipfile.ZipInfo("")), "", "no name"),
    "name of nothing": (lambda: bad.named("."), ".", "no name"),
    "accents written in two ways": (
        lambda: bad.good_and(
            **{"e\u0301__1.png": making.image(1), "\xe9__1.png": making.image(2)}
        ),
        "\xe9/1.png",
        "twice",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_name_that_does_harm_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])
