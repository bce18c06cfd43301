"""All that run trials have what a dispatcher needs, with the same parameters."""

from __future__ import annotations

import inspect

import pytest

from workers.without_ray import WithoutRay
from workers.workforce import Workforce

NEEDED = [name for name in vars(Workforce) if not name.startswith("_")]


@pytest.mark.parametrize("name", NEEDED)
def test_nothing_is_needed_that_a_server_without_ray_lacks(name: str) -> None:
    needed, found = (inspect.signature(getattr(one, name)) for one in (Workforce, WithoutRay))
    assert list(found.parameters) == list(needed.parameters)
