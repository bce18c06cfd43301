"""What the entry points name.

The server imports this module, and it may have no torch: what needs torch is imported where it is
built, which workers alone do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from densearch.plugins import DataInfo, InputShape, Layer, OwnNetwork, OwnTask

if TYPE_CHECKING:
    import torch

    from densearch.plugins import Objective


class DilatedNetwork(OwnNetwork):
    """A classifier of depthwise convolutions that see further from block to block."""

    depth: int = Field(default=3, ge=1, le=6, description="Blocks; the last one is dilated most.")
    width: int = Field(default=16, ge=1, le=256, description="Channels.")
    kernel_size: Literal[3, 5, 7] = Field(default=3, description="Of the depthwise convolutions.")


class Dilated:
    """A network: {"kind": "dilated", "depth": 4}."""

    title = "Dilated CNN"
    tasks = ("classification", "multilabel")
    n_dims = (2,)
    section = DilatedNetwork

    def layers(self, section: DilatedNetwork) -> Iterator[Layer]:
        """List the depthwise convolutions; the first, of 2x2 pixels, can carry no density."""
        for block in range(section.depth):
            yield Layer(f"blocks.{block}.0", section.kernel_size)

    def build(
        self, settings: Mapping[str, Any], shape: InputShape, n_outputs: int
    ) -> torch.nn.Module:
        """Build the module; its weights are initialised afterwards."""
        from own_network.network import DilatedCnn

        return DilatedCnn(
            shape.n_channels,
            n_outputs,
            depth=settings["depth"],
            width=settings["width"],
            kernel_size=settings["kernel_size"],
        )


class Rings:
    """A data set: {"kind": "classification", "dataset": "rings"}."""

    title = "Rings"
    info: Mapping[str, DataInfo] = {
        "classification": DataInfo(size_px=24, n_outputs=4, n_training=600)
    }

    def load(self, task: str) -> Mapping[str, Any]:
        """Draw each split's images (N, 1, 24, 24) and classes (N,), always the same."""
        from own_network.rings import draw

        return {"train": draw(600, 1), "validation": draw(200, 2), "test": draw(200, 3)}


class CountingTask(OwnTask):
    """Say how many rings there are; the objective knows that 3 lies between 2 and 4."""

    most: int = Field(default=4, ge=2, le=4, description="Rings in an image, at most.")


class Counting:
    """An objective: {"kind": "counting"}."""

    title = "Counting rings"
    outputs: Literal["classes"] = "classes"
    section = CountingTask

    def data_of(self, section: CountingTask) -> DataInfo:
        """Return the samples' size; output k says whether there are more than k + 1 rings."""
        return DataInfo(size_px=24, n_outputs=section.most - 1)

    def build(
        self,
        settings: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None,
    ) -> Objective:
        """Build the objective."""
        from own_network.counting import CountingObjective

        return CountingObjective(settings["most"], device, training)


dilated, rings, counting = Dilated(), Rings(), Counting()
