"""CIFAR in its binary versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from tests.support.datasets import bad, making
from tests.support.datasets.importing import Case, Import, Refuses


@pytest.mark.parametrize("pack", [making.zipped, making.tarred])
def test_cifar_10(imported: Import, pack: Callable[[Mapping[str, bytes]], bytes]) -> None:
    found, stored = imported(pack(making.cifar10_files()))
    assert found.format == "cifar"
    assert stored.manifest["classes"][3] == "cat"
    np.testing.assert_array_equal(
        stored.sample(31), making.pixels(2, (30, 3072))[1].reshape(3, 32, 32)
    )
    assert stored.rows("test").tolist() == list(range(60, 90))
    assert any("readme.html" in warning for warning in found.warnings)


def test_cifar_100_takes_the_fine_label(imported: Import) -> None:
    _, stored = imported(making.zipped(making.cifar100_files()))
    assert len(stored.manifest["classes"]) == 100
    assert stored.labels is not None
    assert stored.labels[:100].tolist() == list(range(100))


CASES: dict[str, Case] = {
    "cifar cut off": (
        lambda: bad.cifar(data_batch_2=making.cifar_batch(9, 1)[:-1]),
        "cifar-10-batches-bin/data_batch_2.bin",
        "multiple of 3,073",
    ),
    "cifar with a foreign label": (
        lambda: bad.cifar(data_batch_2=b"\x0a" + b"\0" * 3072),
        "cifar-10-batches-bin/data_batch_2.bin[0]",
        "label 10",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_damaged_batch_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])
