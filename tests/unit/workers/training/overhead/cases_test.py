"""The networks of the table can all be trained."""

from __future__ import annotations

import dataclasses

import pytest

from workers.training.overhead.cases import CASES
from workers.training.overhead.measuring import stepper


@pytest.mark.parametrize("name", CASES)
def test_every_network_of_the_table_can_be_trained(name: str) -> None:
    case = CASES[name]
    step = stepper(dataclasses.replace(case, batch_size=1), "master_weights")
    assert step is not None
    step()
