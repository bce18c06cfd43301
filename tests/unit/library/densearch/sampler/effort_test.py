"""Where an ask of some cost is answered, and which is refused."""

from __future__ import annotations

import math

import pytest

from densearch.sampler.effort import CHEAP_WORK, MOST_BYTES, MOST_WORK, SHORT_WORK, Effort


@pytest.mark.parametrize(
    ("work", "is_cheap", "is_short"),
    [
        (0.0, True, True),
        (CHEAP_WORK, True, True),
        (math.nextafter(CHEAP_WORK, math.inf), False, True),
        (SHORT_WORK, False, True),
        (math.nextafter(SHORT_WORK, math.inf), False, False),
    ],
)
def test_limits_belong_to_the_smaller_class(
    work: float, *, is_cheap: bool, is_short: bool
) -> None:
    effort = Effort(work, 0.0)
    assert (effort.is_cheap, effort.is_short) == (is_cheap, is_short)


def test_the_excess_is_that_of_time_or_memory() -> None:
    assert Effort(MOST_WORK, MOST_BYTES).excess == 1.0
    assert Effort(3 * MOST_WORK, MOST_BYTES).excess == 3.0
    assert Effort(0.0, 5.0 * MOST_BYTES).excess == 5.0
