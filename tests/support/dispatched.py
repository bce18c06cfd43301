"""The calls that torch dispatches, for tests that count some of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode


class Call(NamedTuple):
    """An operation, such as "_to_copy", and the devices of its tensors and of its result."""

    name: str
    devices: frozenset[str]


class Dispatched(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Collects every call made while it is entered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - an overload of an operation
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        found: object = func(*args, **(kwargs or {}))
        tensors = [one for one in (*args, found) if isinstance(one, Tensor)]
        devices = frozenset(one.device.type for one in tensors)
        self.calls.append(Call(func.overloadpacket.__name__, devices))
        return found
