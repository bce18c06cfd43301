"""One kernel size for a whole network, or one for each part of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from service.networks.kernel_sizes import Chain, Staged
from service.networks.sections import SmallCnn, Vgg


def chain(**given: Any) -> SmallCnn:
    return SmallCnn.model_validate({"kind": "small_cnn", "depth": 3, **given})


def staged(**given: Any) -> Vgg:
    return Vgg.model_validate({"kind": "vgg", "depth": 6, "n_stages": 2, **given})


def test_one_size_is_that_of_every_part() -> None:
    assert chain(kernel_size=5).kernel_sizes == (5, 5, 5)
    assert staged(kernel_size=5).kernel_sizes == (5, 5)
    assert issubclass(SmallCnn, Chain)
    assert issubclass(Vgg, Staged)


def test_a_list_has_a_size_for_each_convolution_or_each_stage() -> None:
    assert chain(kernel_size=[3, 5, 7]).kernel_sizes == (3, 5, 7)
    assert staged(kernel_size=[7, 3]).kernel_sizes == (7, 3)


def test_a_list_of_equal_sizes_is_the_training_of_that_size() -> None:
    assert chain(kernel_size=[5, 5, 5]) == chain(kernel_size=5)
    assert staged(kernel_size=[3, 3]) == staged()


@pytest.mark.parametrize(
    ("build", "given", "words"),
    [
        (chain, [3, 5], r"a size for each convolution: give 3 of them \(depth\), not 2"),
        (chain, [3, 5], "which also allows to search depth"),
        (staged, [3, 5, 7], r"a size for each stage: give 2 of them \(n_stages\), not 3"),
        (staged, 4, "a kernel has a centre: use an odd size, 3 or 5"),
        (staged, [3, 4], "a kernel has a centre: use an odd size, 3 or 5"),
        (staged, 1, "greater than or equal to 3"),
        (staged, 999, "less than or equal to"),
        (staged, [], "at least 1 item"),
        (staged, 3.0, "valid integer"),
        (staged, "3", "valid integer"),
    ],
)
def test_other_sizes_are_refused_in_words(
    build: Callable[..., object], given: object, words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        build(kernel_size=given)
