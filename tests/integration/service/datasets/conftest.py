"""Imports into a folder of the test's own, without a database."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from service.errors import InvalidDatasetError
from tests.support.datasets.importing import Import, Refuses, imported_into


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Import the bytes of a file; options as in the request."""
    return partial(imported_into, tmp_path)


@pytest.fixture
def refuses(imported: Import, tmp_path: Path) -> Refuses:
    """Check that an upload is refused by the name of an entry, and that nothing of it stays."""

    def check(make: Callable[[], bytes], entry: str, reason: str) -> None:
        with pytest.raises(InvalidDatasetError, match=reason) as refused:
            imported(make())
        assert refused.value.entry == entry
        assert [path.name for path in (tmp_path / "datasets").iterdir()] == [".lock"]

    return check
