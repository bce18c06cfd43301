"""A contract lists what an object must have, once: in its protocol."""

from __future__ import annotations

from typing import get_args

import pytest

from densearch.plugins.contracts import CONTRACTS, parts_of
from service.extensions.entry_points import Group


@pytest.mark.parametrize(
    ("group", "parts"),
    [
        ("densearch.networks", ("title", "tasks", "n_dims", "section", "layers", "build")),
        ("densearch.datasets", ("title", "info", "load")),
        ("densearch.objectives", ("title", "outputs", "section", "data_of", "build")),
    ],
)
def test_parts_are_the_attributes_and_methods_of_the_protocol(
    group: str, parts: tuple[str, ...]
) -> None:
    assert parts_of(group) == parts


def test_every_contract_is_of_a_group() -> None:
    assert set(CONTRACTS) <= set(get_args(Group))
