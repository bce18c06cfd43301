"""What follows from a sampler's capabilities."""

from __future__ import annotations

import pytest

from densearch.sampler import Capabilities


@pytest.mark.parametrize(
    ("adaptive", "speculative", "in_rounds"),
    [(True, False, True), (True, True, False), (False, False, False), (False, True, False)],
)
def test_a_sampler_in_rounds_waits_for_values_and_has_no_guesses(
    *, adaptive: bool, speculative: bool, in_rounds: bool
) -> None:
    can = Capabilities(adaptive=adaptive, speculative=speculative)
    assert can.in_rounds is in_rounds
