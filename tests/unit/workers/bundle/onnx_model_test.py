"""Models that are compared with torch, and the exporter for what we do not write ourselves."""

from __future__ import annotations

import onnxruntime  # type: ignore[import-untyped] # an extra
import pytest
import torch
from torch import Tensor, nn

from workers.bundle import onnx_model
from workers.bundle.onnx_model import OnnxError, onnx_of

INPUTS = torch.randn((2, 1, 6, 6), generator=torch.Generator().manual_seed(3))


class Doubled(nn.Conv2d):
    """A convolution that computes something else than its kind."""

    def forward(self, images: Tensor) -> Tensor:
        return 2 * super().forward(images)


def test_a_network_that_cannot_be_exported_says_so_on_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refusing(*_: object, **__: object) -> None:
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(torch.onnx, "export", refusing)
    with pytest.raises(OnnxError, match=r"^first line$"):
        onnx_of(nn.Sequential(nn.GELU()), INPUTS)


def test_what_computes_something_else_is_left_to_the_exporter() -> None:
    network = nn.Sequential(Doubled(1, 2, 3), nn.GELU()).eval()
    model = onnx_of(network, INPUTS)
    assert model.has_any_size
    asked = torch.ones(3, 1, 8, 9)
    session = onnxruntime.InferenceSession(model.content)
    (found,) = session.run(None, {"input": asked.numpy()})
    with torch.inference_mode():
        assert torch.allclose(torch.from_numpy(found), network(asked), atol=1e-5)


@pytest.mark.parametrize("has_any_size", [False, True])
def test_sizes_are_open_where_torch_takes_others(
    monkeypatch: pytest.MonkeyPatch, has_any_size: bool
) -> None:
    monkeypatch.setattr(onnx_model, "_exported", None)  # it is not needed
    end = nn.AdaptiveAvgPool2d(1) if has_any_size else nn.Identity()
    head = nn.Linear(2 if has_any_size else 72, 3)
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), end, nn.Flatten(), head)
    model = onnx_of(network.eval(), INPUTS)
    assert model.has_any_size == has_any_size
    (given,) = onnxruntime.InferenceSession(model.content).get_inputs()
    sides = ["height", "width"] if has_any_size else [6, 6]
    assert given.shape == ["batch", 1, *sides]
    assert model.difference < 1e-5
