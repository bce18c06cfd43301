"""Operators and constants of an ONNX graph, written while one walks through that of torch.fx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, fx


class UnknownPartError(Exception):
    """A network has a part that is not written here."""


class OnnxWriter:
    """What is written so far.

    Args:
        values: What each node of torch.fx was when the network ran once.
    """

    def __init__(self, values: Mapping[fx.Node, Any]) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        # Of each node of torch.fx: the name of its value here; a list where it has several.
        self.names: dict[fx.Node, Any] = {}
        self._values = values

    def value(self, given: Any) -> Any:  # noqa: ANN401 - whatever it computes
        """Return what a node was in that run, and what is no node as it is."""
        return self._values[given] if isinstance(given, fx.Node) else given

    def name(self, given: Any) -> Any:  # noqa: ANN401 - a node or a number
        """Return the name of a node's value, or of a constant for a number."""
        if isinstance(given, fx.Node):
            return self.names[given]
        if not isinstance(given, int | float):
            raise UnknownPartError(f"a {type(given).__name__} is not written here")
        kind = np.int64 if isinstance(given, int) else np.float32
        return self.constant(np.array([given], dtype=kind))

    def constant(self, value: Any) -> str:  # noqa: ANN401 - a tensor or an array
        """Store a constant, and return its name."""
        from onnx import numpy_helper

        array = value.detach().numpy() if isinstance(value, Tensor) else value
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def integers(self, parts: Sequence[Any]) -> str:
        """Return the name of a list of integers, some of which may be computed."""
        if all(isinstance(part, int) for part in parts):
            return self.constant(np.array(parts, dtype=np.int64))
        return self.op("Concat", *map(self.name, parts), axis=0)

    def op(self, kind: str, *names: str, named: str | None = None, **attributes: Any) -> str:
        """Write an operator, and return the name of its result."""
        (result,) = self.ops(kind, names, 1, named, **attributes)
        return result

    def ops(
        self, kind: str, names: Sequence[str], n: int, named: str | None = None, **attributes: Any
    ) -> list[str]:
        """Write an operator with `n` results, and return their names."""
        from onnx import helper

        results = [named or f"v{len(self.nodes)}_{index}" for index in range(n)]
        self.nodes.append(helper.make_node(kind, names, results, **attributes))
        return results
