"""The networks that a spec may name: their settings, and what a user may know before choosing.

How each is built is told in `workers.training.networks`, which has a module for every kind here;
tests/unit/service/networks_test.py holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import getdoc
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from service import density
from service.section import Section
from service.tasks import TaskKind


def _odd(size: int) -> int:
    if size % 2 == 0:
        raise ValueError(f"a kernel has a centre: use an odd size, {size - 1} or {size + 1}")
    return size


OddSize = Annotated[
    int,
    Field(
        ge=3,
        le=density.MAX_KERNEL_SIZE,
        description="K: the density of every convolution above 1x1 is K x K.",
        json_schema_extra={"not": {"multipleOf": 2}},
    ),
    AfterValidator(_odd),
]
# Channels double from stage to stage: six of them widen 256 to 8192.
StagedWidth = Annotated[int, Field(ge=1, le=256, description="Channels of the first stage.")]


class SmallCnn(Section):
    """A plain classifier of `depth` convolutions, pooling and a linear head."""

    kind: Literal["small_cnn"]
    depth: int = Field(default=2, ge=1, le=16, description="Convolutions.")
    width: int = Field(default=16, ge=1, le=512, description="Channels.")
    kernel_size: OddSize = 3


class Vgg(Section):
    """A classifier of stages that pooling ends, each twice as wide as the last (VGG, CIFAR head).

    Every convolution is followed by batch normalisation. With 5 stages of width 64, a depth of 8,
    10 or 13 is VGG-11, VGG-13 or VGG-16.
    """

    kind: Literal["vgg"]
    depth: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Convolutions, shared evenly by the stages; the last ones get what is over.",
    )
    n_stages: int = Field(
        default=2,
        ge=1,
        le=6,
        validate_default=True,
        description="Stages; each halves the image once. At most `depth`.",
    )
    width: StagedWidth = 16
    kernel_size: OddSize = 3

    @field_validator("n_stages")
    @classmethod
    def _no_stage_is_empty(cls, n_stages: int, info: ValidationInfo) -> int:
        depth = info.data.get("depth", n_stages)
        if n_stages > depth:
            raise ValueError(
                f"{n_stages} stages need as many convolutions: raise depth from {depth}, "
                "or use fewer stages"
            )
        return n_stages


class ResNet(Section):
    """A classifier of basic blocks with shortcuts (ResNet in its form for CIFAR).

    With 3 stages of width 16, a depth of n is ResNet-(6n + 2): 3 is ResNet-20. Its 1x1 shortcuts
    carry no density.
    """

    kind: Literal["resnet"]
    depth: int = Field(
        default=1, ge=1, le=32, description="Blocks of two convolutions in each stage."
    )
    n_stages: int = Field(
        default=3, ge=1, le=6, description="Stages; each but the first halves the image once."
    )
    width: StagedWidth = 16
    kernel_size: OddSize = 3


class DnCnn(Section):
    """A residual denoiser of `depth` convolutions (Zhang et al. 2017)."""

    kind: Literal["dncnn"]
    depth: int = Field(default=5, ge=2, le=64, description="Convolutions.")
    width: int = Field(default=16, ge=1, le=512, description="Channels.")
    kernel_size: OddSize = 3


class UNet(Section):
    """A denoiser at several scales, joined by concatenation (Ronneberger et al. 2015).

    Every convolution above 1x1 is followed by batch normalisation. Its own size is 5 stages of
    depth 2 and width 64.
    """

    kind: Literal["unet"]
    depth: int = Field(default=1, ge=1, le=16, description="Convolutions of each scale, each way.")
    n_stages: int = Field(
        default=3, ge=1, le=6, description="Scales; each but the first halves the image once."
    )
    width: StagedWidth = 16
    kernel_size: OddSize = 3


class NafNet(Section):
    """A denoiser of gated blocks at several scales, joined by addition (Chen et al. 2022).

    The density is carried by the depthwise convolutions of its blocks, by its first convolution
    and by its last.
    """

    kind: Literal["nafnet"]
    depth: int = Field(default=1, ge=1, le=32, description="Blocks of each scale, each way.")
    n_stages: int = Field(
        default=3, ge=1, le=6, description="Scales; each but the first halves the image once."
    )
    width: StagedWidth = 8
    kernel_size: OddSize = 3


AnyNetwork = SmallCnn | Vgg | ResNet | DnCnn | UNet | NafNet
Network = Annotated[AnyNetwork, Field(discriminator="kind")]
# Settings that may be searched, and belong to the network.
SEARCHABLE = ("width", "depth")


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """What a user may know about a network before choosing it.

    Attributes:
        name: What a spec calls it, its section's `kind`.
        title: What a page calls it.
        tasks: The kinds of task that it fits.
        section: The settings it takes; its docstring is the description.
    """

    name: str
    title: str
    tasks: tuple[TaskKind, ...]
    section: type[AnyNetwork]

    def to_dict(self) -> dict[str, object]:
        """Name, title, description, tasks, and the JSON schema of its section."""
        return {
            "name": self.name,
            "title": self.title,
            "description": getdoc(self.section),
            "tasks": list(self.tasks),
            "section": self.section.model_json_schema(),
        }


_NETWORKS = (
    NetworkInfo("small_cnn", "Small CNN", ("classification",), SmallCnn),
    NetworkInfo("vgg", "VGG", ("classification",), Vgg),
    NetworkInfo("resnet", "ResNet", ("classification",), ResNet),
    NetworkInfo("dncnn", "DnCNN", ("denoising",), DnCnn),
    NetworkInfo("unet", "U-Net", ("denoising",), UNet),
    NetworkInfo("nafnet", "NAFNet", ("denoising",), NafNet),
)


def catalogue() -> list[NetworkInfo]:
    """Every network that a spec may name."""
    return list(_NETWORKS)


def fitting(task: TaskKind) -> list[NetworkInfo]:
    """The networks that fit a kind of task; the first is its default."""
    return [info for info in _NETWORKS if task in info.tasks]


def n_halvings(network: AnyNetwork) -> int:
    """How often the image has been halved where the network's last stage convolves.

    0 for networks without stages: what pooling `small_cnn` does follows from the image.
    """
    return network.n_stages - 1 if isinstance(network, Vgg | ResNet | UNet | NafNet) else 0
