"""What cannot be said in ONNX; models of real networks are compared in contents_test.py."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from workers.bundle.onnx_model import OnnxError, onnx_of


class Refusing(nn.Module):
    """A network that no exporter can follow."""

    def forward(self, inputs: Tensor) -> Tensor:
        del inputs
        raise RuntimeError("first line\nsecond line")


def test_a_network_that_cannot_be_exported_says_so_on_one_line() -> None:
    with pytest.raises(OnnxError) as caught:
        onnx_of(Refusing(), torch.zeros(2, 1, 4, 4))
    assert "\n" not in str(caught.value)
