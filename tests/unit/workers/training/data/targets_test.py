"""Targets of pairs: images by default, others where a kind of task names them."""

from __future__ import annotations

import numpy as np
import pytest

from service.tasks.kinds import TRAINED
from workers.training.data.targets import IMAGES, targets_of


def test_images_are_scaled_as_their_inputs_and_have_an_output_a_channel() -> None:
    def halved(values: object) -> object:
        return values

    assert IMAGES.scale(halved) is halved  # type: ignore[arg-type]
    assert IMAGES.n_outputs(declared=7, n_channels=3) == 3


def test_a_target_has_the_channels_that_the_sets_info_gives() -> None:
    target = np.zeros((2, 5, 5), np.float32)
    assert IMAGES.fault(target, 2) is None
    assert IMAGES.fault(target, 3) == "has 2 channels, but the set's info says 3"


@pytest.mark.parametrize("kind", TRAINED)
def test_pairs_alone_have_targets(kind: str) -> None:
    assert (targets_of(kind) is not None) == (TRAINED[kind].data == "pairs")
