"""Networks as ONNX, of several sizes, run by onnxruntime and by torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped] # an extra
import pytest
import torch
from torch import Tensor, nn

from densearch.plugins.shape import InputShape
from tests.support.networks import DNCNN, EVERY, SMALL_CNN, kind_of
from workers.bundle.onnx_graph import model_of
from workers.bundle.onnx_writer import UnknownPartError
from workers.training.networks import NETWORKS, build_network

SIZE_PX = 13
CASES = [
    *((section, 2, 1 if index % 2 else 3) for index, section in enumerate(EVERY)),
    *((section, n_dims, n) for section, n in ((SMALL_CNN, 3), (DNCNN, 1)) for n_dims in (1, 3)),
]


def test_every_network_is_tried() -> None:
    assert {kind_of(section) for section in EVERY} == NETWORKS.keys()


@pytest.mark.parametrize(("section", "n_dims", "n_outputs"), CASES)
def test_outputs_are_those_of_torch_for_images_of_any_size(
    section: dict[str, Any], n_dims: int, n_outputs: int
) -> None:
    weights = torch.Generator().manual_seed(1)
    network = build_network(section, InputShape(1, SIZE_PX, n_dims), n_outputs, weights).eval()
    with torch.no_grad():  # what begins at 0 or 1, too
        for values in (*network.parameters(), *network.buffers()):
            if values.is_floating_point():
                values.add_(0.1 * torch.rand(values.shape, generator=weights))
    inputs = torch.randn((2, 1, *(SIZE_PX,) * n_dims), generator=weights)
    model = model_of(network, inputs, has_any_size=True)
    assert model == model_of(network, inputs, has_any_size=True)
    session = onnxruntime.InferenceSession(model)
    for shape in (inputs.shape, (1, 1, *range(16, 16 + n_dims))):
        asked = torch.randn(shape, generator=weights)
        (found,) = session.run(None, {"input": asked.numpy()})
        with torch.inference_mode():
            wanted = network(asked).numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_model_of_one_size_says_so() -> None:
    model = model_of(nn.ReLU(), torch.zeros(2, 1, 5, 7), has_any_size=False)
    (given,) = onnxruntime.InferenceSession(model).get_inputs()
    assert given.shape == ["batch", 1, 5, 7]


class Deciding(nn.Module):
    """A network that looks at its values."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs if inputs.sum() > 0 else -inputs


def test_what_depends_on_values_is_refused() -> None:
    with pytest.raises(UnknownPartError, match="traced"):
        model_of(Deciding(), torch.zeros(2, 1, 5, 5), has_any_size=True)
