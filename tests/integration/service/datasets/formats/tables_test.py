"""Tables of groups and labels, line by line."""

from __future__ import annotations

import io
from typing import Any

import pytest

from service.datasets.faults import Faults
from service.datasets.formats.tables import groups_of
from service.datasets.sources.entries import SourceEntry
from service.errors import InvalidDatasetError
from tests.support.datasets import bad
from tests.support.datasets.importing import Case, Refuses

CASES: dict[str, Case] = {
    "group of a stranger": (
        lambda: bad.good_and(**{"groups.csv": b"name,group\ncat/99.png,a\n"}),
        "groups.csv",
        "cat/99.png",
    ),
    "groups that are no table": (
        lambda: bad.good_and(**{"groups.csv": b"\xff\xfe\0"}),
        "groups.csv",
        "is not in utf-16",
    ),
    "labels of a stranger": (lambda: bad.labels("a.png,1"), "labels.csv", "line 2 names a.png"),
    "labels without a head": (lambda: bad.labels("", head="0.png,1"), "labels.csv", "line 1"),
    "labels of equal names": (lambda: bad.labels("", head="name,a,a"), "labels.csv", "different"),
    "labels that are none": (
        lambda: bad.labels("0.png,maybe"),
        "labels.csv",
        "should have 0 or 1",
    ),
    "labels with a gap in a line": (lambda: bad.labels("0.png"), "labels.csv", "each of 1 labels"),
    "labels in two lines": (lambda: bad.labels("0.png,1\n0.png,0"), "labels.csv", "second time"),
    "labels of some": (lambda: bad.labels("0.png,1"), "1.png", "no line in labels.csv"),
    "empty table of labels": (lambda: bad.labels("", head=""), "labels.csv", "line 1"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_table_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])


class Endless(io.RawIOBase):
    """A table whose lines never end."""

    n_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        self.n_read += len(buffer)
        assert self.n_read < 2**20
        buffer[:] = (b"a\n" * len(buffer))[: len(buffer)]
        return len(buffer)


def test_a_table_is_refused_at_its_first_wrong_line_without_reading_the_rest() -> None:
    table = SourceEntry("groups.csv", 2**27, lambda: io.BufferedReader(Endless()))
    with pytest.raises(InvalidDatasetError, match="line 1 has 1 columns"):
        groups_of(table, [], None, Faults())
    table = SourceEntry("groups.csv", 2**30, lambda: io.BufferedReader(Endless()))
    with pytest.raises(InvalidDatasetError, match="larger than 268,435,456 bytes"):
        groups_of(table, [], None, Faults())
