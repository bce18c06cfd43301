"""Names and constants of a graph; whole graphs are run in onnx_graph_test.py."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from onnx import numpy_helper
from torch import fx

from workers.bundle.onnx_writer import OnnxWriter, UnknownPartError


def test_numbers_and_tensors_are_constants_of_their_kind() -> None:
    writer = OnnxWriter({})
    names = [writer.name(2), writer.name(0.5), writer.constant(torch.eye(2).t()[:1])]
    found = {one.name: numpy_helper.to_array(one) for one in writer.constants}
    assert [found[name].tolist() for name in names] == [[2], [0.5], [[1.0, 0.0]]]
    assert [found[name].dtype for name in names] == [np.int64, np.float32, np.float32]
    with pytest.raises(UnknownPartError, match="a str"):
        writer.name("same")


def test_a_list_of_computed_integers_is_joined() -> None:
    node = fx.Graph().placeholder("height")
    writer = OnnxWriter({node: 7})
    writer.names[node] = "height"
    writer.integers([1, 2])
    assert (len(writer.constants), writer.nodes) == (1, [])
    assert writer.integers([node, 3]) == "v0_0"
    (joined,) = writer.nodes
    assert (joined.op_type, list(joined.input)) == ("Concat", ["height", "c1"])
    assert (writer.value(node), writer.value(3)) == (7, 3)
