"""Sheets of samples as files: the same bytes each time, and refused where they are none."""

from __future__ import annotations

import io

import numpy as np
import pytest

from service.sample_sheets import MOST_BYTES, chosen, packed, unpacked


def test_a_sheet_is_read_as_it_was_written() -> None:
    sheet = {"confusion": np.arange(4).reshape(2, 2), "numbers": np.array([3])}
    content = packed(sheet)
    assert content is not None
    assert content == packed(dict(reversed(sheet.items())))
    for name, array in unpacked(content).items():
        np.testing.assert_array_equal(array, sheet[name])


def test_a_sheet_that_is_too_large_is_not_kept() -> None:
    noise = np.random.default_rng(0).integers(0, 255, MOST_BYTES + 1, dtype=np.uint8)
    assert packed({"inputs": noise}) is None


def written(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=True, **arrays)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no archive",
        written(inputs=np.zeros(9_000_000, dtype=np.uint8)),
        written(secret=np.zeros(3)),
        written(inputs=np.array([{"a": 1}], dtype=object)),
    ],
    ids=["empty", "broken", "a bomb", "another array", "a pickle"],
)
def test_what_is_no_sheet_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"sheet|pickle"):
        unpacked(content)


@pytest.mark.parametrize("n", [1, 2, 4, 63, 64, 10**7])
def test_the_samples_depend_on_their_number_alone(n: int) -> None:
    found = chosen(n)
    assert found[0] == 0
    assert len(found) == min(n, 4)
    assert found[-1] == min(n, 64) - 1
