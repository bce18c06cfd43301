"""What is made of the targets of pairs: images by default, as a kind of task says."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

from numpy.typing import NDArray

from service.tasks.kinds import TRAINED
from workers.training.data.scaling import Scale


class Targets:
    """Images, scaled as their inputs are; a kind of task may have others."""

    def scale(self, shared: Scale) -> Scale:
        """Return what is made of stored targets, (B, C, *sides).

        Args:
            shared: Brings them to [0, 1] as the inputs are brought there.
        """
        return shared

    def n_outputs(self, told: int, n_channels: int) -> int:  # noqa: ARG002 - as others need it
        """Return how many outputs a network needs.

        Args:
            told: The classes of a stored set, or what a package's set tells as its `n_outputs`.
            n_channels: Of the targets.
        """
        return n_channels

    def fault(self, target: NDArray[Any], n_outputs: int) -> str | None:
        """Say what is wrong with a target, (C, *sides), of a package's set; None if nothing is.

        Args:
            target: Of the sides of its input.
            n_outputs: What the set tells.
        """
        if len(target) == n_outputs:
            return None
        return f"has {len(target)} channels, but the set tells {n_outputs}"


IMAGES = Targets()


def targets_of(kind: str) -> Targets | None:
    """Return what is made of the targets of a kind of task; None where its data are no pairs."""
    row = TRAINED[kind]
    found: Targets | None = resolve_name(row.targets) if row.data == "pairs" else None
    return found
