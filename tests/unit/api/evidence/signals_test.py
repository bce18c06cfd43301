"""Signals of the archive's text files: their values, channels, classes and split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from api.evidence.signals import arrays_of, write

TRAIN = """#About the data
@problemName Two
@classLabel true b a
@data
1,2,3:4,5,6:a
0,0,1:1,1,1:b

7,8,9:1,2,3:a
1,1,1:2,2,2:a
"""
TEST = "@data\n-1.5,0,1e-3:0,0,0:b\n"


def test_values_classes_and_splits() -> None:
    found = arrays_of(TRAIN, TEST)
    assert found["inputs"].shape == (5, 2, 3)
    assert found["inputs"].dtype == np.float32
    assert found["inputs"][0].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert found["inputs"][4, 0].tolist() == pytest.approx([-1.5, 0, 1e-3])
    assert found["classes"].tolist() == ["a", "b"]
    assert found["labels"].tolist() == [0, 1, 0, 0, 1]
    # Of each class every third, the second of each three, guides.
    assert found["splits"].tolist() == ["train", "train", "validation", "train", "test"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,2,3:a\n1,2:a\n", "3 shapes"),
        ("1,2:1,2,3:a\n", "differ in length"),
        ("1,2,3\n", "no class"),
        ("1,x:a\n", "could not convert"),
    ],
)
def test_what_is_no_set_of_signals_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        arrays_of(text, TEST)


def test_it_is_written_without_pickles(tmp_path: Path) -> None:
    for name, text in (("a", TRAIN), ("b", TEST)):
        (tmp_path / name).write_text(text)
    write(tmp_path / "set.npz", tmp_path / "a", tmp_path / "b")
    with np.load(tmp_path / "set.npz", allow_pickle=False) as found:
        assert sorted(found) == ["classes", "inputs", "labels", "splits"]
