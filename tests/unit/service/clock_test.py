"""The clock: aware times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from service import clock


def test_a_time_is_aware_and_can_be_compared_with_those_of_other_zones() -> None:
    before = datetime.now(UTC)
    found = clock.now()
    assert found.utcoffset() == timedelta(0)
    assert before <= found <= datetime.now(UTC).astimezone()
