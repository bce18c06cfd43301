"""The groups of layers that share a density, and their values in the search vector.

A network has one group for each kernel size, one for each stage, or one for each layer, as the
density's scope says. The search vector is the free values of all groups, one group after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from densearch.density import families
from service.networks import Layer
from service.tasks.function import FunctionTask
from service.tasks.sections import TrainingTask, data_of

# The name of a group that holds every layer.
WHOLE = ""
# Of a stored set that is not looked up yet.
DEFAULT_DIMS = 2

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that share a density.

    Attributes:
        name: `WHOLE`, or unique in its network: "5x5", "stage 2", a layer's own name.
        layers: Names as in `service.networks.Layer`, in the network's order.
        kernel_size: K.
        n_dims: Axes of the kernels.
    """

    name: str
    layers: tuple[str, ...]
    kernel_size: int
    n_dims: int

    @property
    def window(self) -> str:
        """The shape of its kernels, such as "5x5"."""
        return window_of(self.kernel_size, self.n_dims)

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return self.name or f"{self.window} kernels"

    def n_free(self, family: str) -> int:
        """Return how many values of a family this group has."""
        return families.n_free(family, self.kernel_size, self.n_dims)

    def value_names(self, family: str) -> list[str]:
        """Return the name of each value, after the group's name where it has one."""
        own = families.describe(family, self.kernel_size, self.n_dims)
        return [f"{self.name} {name}".strip() for name in own]


def n_dims_of(task: TrainingTask | FunctionTask) -> int:
    """Return the axes of a task's samples; `DEFAULT_DIMS` where they are not known."""
    data = data_of(task) if not isinstance(task, FunctionTask) else None
    return data.n_dims if data is not None else DEFAULT_DIMS


def grouped(layers: Sequence[Layer], scope: str, n_dims: int) -> list[Group]:
    """Group a network's layers.

    Args:
        layers: In the network's order.
        scope: "network", "stage" or "layer"; layers of different kernel sizes never share.
        n_dims: Axes of the kernels.
    """
    members: dict[tuple[object, int], list[Layer]] = {}
    for layer in layers:
        members.setdefault((_owner(layer, scope), layer.kernel_size), []).append(layer)
    owners = [owner for owner, _ in members]
    groups = []
    for (owner, size), own in members.items():
        name = _name(scope, owner, window_of(size, n_dims), is_mixed=owners.count(owner) > 1)
        names = tuple(layer.name for layer in own)
        groups.append(Group(name if len(members) > 1 else WHOLE, names, size, n_dims))
    return groups


def _owner(layer: Layer, scope: str) -> object:
    if scope == "network":
        return None
    return layer.stage if scope == "stage" else layer.name


def window_of(kernel_size: int, n_dims: int) -> str:
    """Return the shape of kernels in a word, such as "5x5"."""
    return "x".join([str(kernel_size)] * n_dims)


def _name(scope: str, owner: object, window: str, *, is_mixed: bool) -> str:
    if scope == "network":
        return window
    if scope == "layer":
        return str(owner)
    return f"stage {owner} {window}" if is_mixed else f"stage {owner}"


def parted(
    groups: Sequence[Group], family: str, values: Sequence[ItemT], *, is_scaled: bool = False
) -> list[list[ItemT]]:
    """Split a sequence with an item for each value of the search vector by its groups.

    Args:
        groups: In the vector's order.
        family: The density's.
        values: One for each free value of all groups.
        is_scaled: Whether a common factor stands before the values of each group.

    Raises:
        ValueError: Another number of values.
    """
    lengths = [is_scaled + group.n_free(family) for group in groups]
    if len(values) != sum(lengths):
        raise ValueError(f"{sum(lengths)} values are needed, not {len(values)}")
    left = iter(values)
    return [[next(left) for _ in range(length)] for length in lengths]
