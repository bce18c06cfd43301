"""An image without its partner is refused by its name."""

from __future__ import annotations

import pytest

from tests.support.datasets import making
from tests.support.datasets.importing import Case, Refuses

CASES: dict[str, Case] = {
    "input alone": (
        lambda: making.zipped(making.pair_files() | {"input/lone.png": making.image(1)}),
        "input/lone.png",
        "no target",
    ),
    "target alone": (
        lambda: making.zipped(making.pair_files() | {"target/lone.png": making.image(1)}),
        "target/lone.png",
        "no input",
    ),
    "targets alone": (
        lambda: making.zipped({f"target/{i}.png": making.image(i) for i in range(5)}),
        "target/0.png",
        "no input",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_image_without_a_partner_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])
