"""Targets of pairs: images, unless a kind of task defines others."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

from numpy.typing import NDArray

from service.tasks.kinds import TRAINED
from workers.training.data.scaling import Scale


class Targets:
    """Images, scaled as their inputs are; a kind of task may have others."""

    def scale(self, shared: Scale) -> Scale:
        """Return the scaling of stored targets, (B, C, *sides).

        Args:
            shared: The inputs' scaling to [0, 1].
        """
        return shared

    def n_outputs(self, declared: int, n_channels: int) -> int:  # noqa: ARG002 - as others need it
        """Return how many outputs a network needs.

        Args:
            declared: The number of classes of a stored set, or `n_outputs` of a plug-in's set.
            n_channels: The targets' channels.
        """
        return n_channels

    def fault(self, target: NDArray[Any], n_outputs: int) -> str | None:
        """Say what is wrong with a target, (C, *sides), of a plug-in's set; None if nothing is.

        Args:
            target: Has the sides of its input.
            n_outputs: The set's `n_outputs`.
        """
        if len(target) == n_outputs:
            return None
        return f"has {len(target)} channels, but the set's info says {n_outputs}"


IMAGES = Targets()


def targets_of(kind: str) -> Targets | None:
    """Return the targets of a kind of task; None if its data are no pairs."""
    row = TRAINED[kind]
    found: Targets | None = resolve_name(row.targets) if row.data == "pairs" else None
    return found
