"""An objective's state goes into tensors and comes back as it was; nothing else goes in."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from service.extensions.entry_points import PluginError
from workers.training.checkpoint import MisfitError
from workers.training.objective_state import packed, unpacked


def test_numbers_texts_and_tensors_come_back_as_they_were() -> None:
    weights = torch.tensor([0.1, math.pi], dtype=torch.float64)
    state: dict[str, Any] = {
        "mean": 0.1 + 0.2, "n": 3, "is_warm": True, "phase": "säen", "last": None,
        "curve": [1.0, [2, {"a": False}]], "weights": weights, "bias": torch.tensor(7),
        "worst": math.inf,
    }  # fmt: skip
    tensors = packed(state)
    weights.zero_()  # a copy was taken
    found = unpacked(tensors)
    assert {name: found.pop(name).tolist() for name in ("weights", "bias")} == {
        "weights": [0.1, math.pi], "bias": 7,
    }  # fmt: skip
    assert found == {name: state[name] for name in found}
    assert [type(value) for value in found.values()] == [type(state[name]) for name in found]


def test_an_empty_state_is_no_tensor() -> None:
    assert packed({}) == unpacked({}) == {}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ([1], "state_dict gives a list, no mapping"),
        ({"run": object()}, "gives 'run' as a object"),
        ({"pair": (1, 2)}, "gives 'pair' as a tuple"),  # it would come back as a list
        ({"deep": [{1: 2}]}, "gives 'deep' as a list"),
        ({3: 1}, "gives 3 as a int"),
    ],
)
def test_what_would_not_come_back_is_refused(state: Any, reason: str) -> None:  # noqa: ANN401
    with pytest.raises(PluginError, match=reason):
        packed(state)


@pytest.mark.parametrize("text", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_state_is_a_misfit(text: bytes) -> None:
    tensor = torch.tensor(list(text), dtype=torch.uint8)
    with pytest.raises(MisfitError, match="has not the state of an objective"):
        unpacked({"plain": tensor})
    with pytest.raises(MisfitError):
        unpacked({"tensor.a": torch.zeros(1)})
