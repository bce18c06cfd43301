"""Headers that lie, pickles and texts of no characters are refused before they are believed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.datasets import bad, making
from tests.support.datasets.importing import Case, Refuses

X = making.pixels(0, (20, 8, 8))
Y = np.arange(20) % 2


CASES: dict[str, Case] = {
    "pickle": (bad.pickled, "inputs", "pickles"),
    "header nested without end": (
        lambda: making.zipped({"x.npy": bad.npy_of(b"-" * 9000 + b"1\n")}),
        "inputs",
        "no array",
    ),
    "header that is never closed": (
        lambda: making.zipped({"x.npy": bad.npy_of(b"(" * 5000 + b"\n")}),
        "inputs",
        "no array",
    ),
    "array longer than its header": (
        lambda: making.zipped({"x.npy": bad.npy((4, 4, 4)) + b"x"}),
        "inputs",
        "longer",
    ),
    "rows that fill memory": (
        lambda: making.zipped({"x.npy": bad.npy((4, 2**11, 2**11, 2**10))}),
        "inputs",
        "bytes a row",
    ),
    "one label": (lambda: making.npz(x=X, y=np.int64(3)), "labels", "one value or row a sample"),
    "groups of fractions": (
        lambda: making.npz(x=X, groups=np.full(20, np.nan)),
        "groups",
        "whole numbers or texts",
    ),
    "groups of half characters": (
        lambda: making.npz(x=X, groups=bad.coded(0xD800)),
        "groups",
        "not Unicode",
    ),
    "splits of no characters": (
        lambda: making.npz(x=X, splits=bad.coded(0x7FFFFFFF)),
        "splits",
        "not Unicode",
    ),
    "classes of no characters": (
        lambda: making.npz(x=X, y=Y, classes=bad.coded(0x110000)[:2]),
        "classes",
        "not Unicode",
    ),
    "classes of foreign bytes": (
        lambda: making.npz(x=X, y=Y, classes=[b"\xff", b"a"]),
        "classes",
        "not UTF-8",
    ),
    "array in columns": (
        lambda: making.zipped({"x.npy": bad.npy((4, 4, 4), is_fortran=True)}),
        "inputs",
        "columns",
    ),
    "array that promises more": (
        lambda: making.zipped({"x.npy": bad.npy((10**12, 9, 9))}),
        "inputs",
        "too early",
    ),
    "array of nothing": (
        lambda: making.zipped({"x.npy": bad.npy((10**15, 0))}),
        "inputs",
        "impossible shape",
    ),
    "array of texts of no length": (
        lambda: making.zipped({"x.npy": bad.npy((20, 8)), "groups.npy": bad.npy((20,), "<U0")}),
        "groups",
        "impossible shape",
    ),
    "header that is code": (
        lambda: making.zipped({"x.npy": b"\x93NUMPY\1\0\x20\0__import__('os').getpid()      \n"}),
        "inputs",
        "no array",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_array_that_is_none_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])
