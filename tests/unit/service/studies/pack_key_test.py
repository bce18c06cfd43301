"""Which payloads share a pack."""

from __future__ import annotations

from typing import Any

import pytest

from service.studies.pack_key import pack_key
from service.studies.training_payload import payload_of

PAYLOAD: dict[str, Any] = {
    "task": {"kind": "classification", "dataset": "digits"},
    "network": {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3},
    "training": {"optimizer": "sgd", "lr": 0.05, "epochs": 2},
    "phi": [[0.5, 0.7, 0.5], [0.7, 1.0, 0.7], [0.5, 0.7, 0.5]],
    "split": "validation",
    "seed": 3,
    "packed": True,
}


def key(payload: dict[str, Any]) -> str | None:
    return pack_key(payload_of(payload))


@pytest.mark.parametrize(
    "change",
    [
        {"phi": None},
        {"phi": {"features.0": [[2.0] * 3] * 3}},
        {"split": "test"},
        {"training": PAYLOAD["training"] | {"lr": 0.06, "optimizer": "adam", "epochs": 9}},
    ],
)
def test_densities_and_optimizers_share_a_pack(change: dict[str, Any]) -> None:
    assert key(PAYLOAD | change) == key(PAYLOAD) is not None


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4},
        {"training": PAYLOAD["training"] | {"batch_size": 16}},
        {"training": PAYLOAD["training"] | {"drop_last": True}},
        {"training": PAYLOAD["training"] | {"precision": "bfloat16"}},
        {"training": PAYLOAD["training"] | {"augmentation": {"flip": True}}},
        {"network": PAYLOAD["network"] | {"width": 8}},
        {"task": {"kind": "classification", "dataset": "textures"}},
        # Issued before and after a package was replaced: a worker has one of the two versions.
        {"packages": {"datasets": {"mine": "mine 2.0"}}},
    ],
)
def test_all_else_parts_them(change: dict[str, Any]) -> None:
    assert key(PAYLOAD | change) != key(PAYLOAD)


def test_some_have_a_worker_to_themselves() -> None:
    unpacked = {name: value for name, value in PAYLOAD.items() if name != "packed"}
    learning = PAYLOAD | {"phi": None, "gradient": {"family": "power"}}
    task = {"kind": "function", "name": "sphere", "dimension": 1, "sleep_s": 0.0}
    function = {"task": task, "point": [0.5], "seed": 0}
    assert [key(p) for p in (unpacked, learning, function)] == [None] * 3
