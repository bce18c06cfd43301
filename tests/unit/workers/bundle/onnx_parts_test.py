"""Parts of networks as ONNX: those that plug-ins bring, and those that are refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime  # type: ignore[import-untyped] # an extra
import pytest
import torch
from torch import Tensor, nn

from workers.bundle.onnx_graph import model_of
from workers.bundle.onnx_writer import UnknownPartError

INPUTS = torch.randn((2, 4, 6, 6), generator=torch.Generator().manual_seed(3))


class Calling(nn.Module):
    """A network of one function."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, inputs: Tensor) -> Tensor:
        return self.function(inputs)


KNOWN: list[nn.Module] = [
    nn.Conv2d(4, 2, (3, 5), padding="same", dilation=2),
    nn.Conv2d(4, 2, 4, padding="same"),
    nn.Conv2d(4, 4, 3, stride=2, padding=(1, 0), groups=2),
    nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 3)),
    nn.Linear(6, 3, bias=False),
    nn.Sequential(nn.PixelUnshuffle(3), nn.PixelShuffle(3)),
    nn.PixelUnshuffle(2),
    Calling(
        lambda x: torch.cat([x[..., 1:-1, :4], nn.functional.pad(x, (-1, -1))[..., 2:, :]], 1)
    ),
    Calling(lambda x: nn.functional.relu(x * 2 + x.mean(dim=(2, 3), keepdim=True))),
]
UNKNOWN: list[nn.Module] = [
    nn.GELU(),
    nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"),
    nn.MaxPool2d(2, ceil_mode=True),
    nn.MaxPool2d(3, stride=1),
    nn.AdaptiveAvgPool2d(2),
    nn.BatchNorm2d(4, affine=False),
    nn.Flatten(2),
    Calling(torch.sin),
    Calling(lambda x: nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")),
    Calling(lambda x: nn.functional.max_pool2d(x, 2, padding=1)),
    Calling(lambda x: x[:, ::2]),
    Calling(lambda x: x[..., ::2]),
    Calling(lambda x: x.mean(dim=1, dtype=torch.float32)),
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("network", KNOWN, ids=str)
def test_outputs_are_those_of_torch(network: nn.Module) -> None:
    whole = nn.Sequential(network).eval()
    session = onnxruntime.InferenceSession(model_of(whole, INPUTS, has_any_size=False))
    (found,) = session.run(None, {"input": INPUTS.numpy()})
    with torch.inference_mode():
        np.testing.assert_allclose(found, network(INPUTS).numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("network", UNKNOWN, ids=str)
def test_other_parts_are_refused(network: nn.Module) -> None:
    with pytest.raises(UnknownPartError):
        model_of(nn.Sequential(network).eval(), INPUTS, has_any_size=True)
