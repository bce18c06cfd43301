"""The largest value that any trial of a job may have of a setting."""

from __future__ import annotations

from typing import Any

import pytest

from service.studies.ranges import largest
from tests.support.report_records import spec_of


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ({}, 32),
        ({"epochs": {"low": 1, "high": 99, "integer": True}}, 32),  # of another setting
        ({"batch_size": {"low": 4, "high": 256, "integer": True}}, 256),
        ({"batch_size": {"choices": [64, 512, 8]}}, 512),
        ({"batch_size": {"low": 4, "high": 16, "integer": True}}, 16),  # below the default
    ],
)
def test_a_search_replaces_the_setting(search: dict[str, Any], expected: int) -> None:
    assert largest(spec_of(training={"batch_size": 32}, search=search), "batch_size") == expected
