"""Numbers of bytes as text."""

from __future__ import annotations

import pytest

from service.sizes import size_text


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (999, "999 B"),
        (8.4e9, "8.4 GB"),
        (999.6e6, "1 GB"),
        (999.4e6, "999 MB"),
        (2.2e12, "2.2 TB"),
        (1e30, "1e+12 EB"),
    ],
)
def test_sizes_as_people_write_them(n_bytes: float, text: str) -> None:
    assert size_text(n_bytes) == text
