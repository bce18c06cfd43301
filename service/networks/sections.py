"""The sections of a spec that name a network, with their settings.

`workers.training.networks` builds each: it has a module for every kind here;
tests/unit/service/networks/catalogue_test.py holds the two together.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from densearch.plugins.sections import OwnNetwork
from service.networks.kernel_sizes import Chain, KernelSize, Staged
from service.networks.plugin import BUILT_IN, PluggedNetwork

# Channels double from stage to stage: six of them widen 256 to 8192.
StagedWidth = Annotated[int, Field(ge=1, le=256, description="Channels of the first stage.")]


class SmallCnn(Chain):
    """A plain classifier of `depth` convolutions, pooling and a linear head."""

    kind: Literal["small_cnn"]
    depth: int = Field(default=2, ge=1, le=16, description="Convolutions.")
    width: int = Field(default=16, ge=1, le=512, description="Channels.")
    kernel_size: KernelSize = 3


class Vgg(Staged):
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
    kernel_size: KernelSize = 3

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


class ResNet(Staged):
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
    kernel_size: KernelSize = 3


class DnCnn(Chain):
    """A residual denoiser of `depth` convolutions (Zhang et al. 2017)."""

    kind: Literal["dncnn"]
    depth: int = Field(default=5, ge=2, le=64, description="Convolutions.")
    width: int = Field(default=16, ge=1, le=512, description="Channels.")
    kernel_size: KernelSize = 3


class UNet(Staged):
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
    kernel_size: KernelSize = 3


class NafNet(Staged):
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
    kernel_size: KernelSize = 3


_OWN = "own"
AnyNetwork = SmallCnn | Vgg | ResNet | DnCnn | UNet | NafNet | OwnNetwork


def _tag(value: object) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if isinstance(kind, str) and kind in BUILT_IN else _OWN


Network = Annotated[
    Annotated[SmallCnn, Tag("small_cnn")]
    | Annotated[Vgg, Tag("vgg")]
    | Annotated[ResNet, Tag("resnet")]
    | Annotated[DnCnn, Tag("dncnn")]
    | Annotated[UNet, Tag("unet")]
    | Annotated[NafNet, Tag("nafnet")]
    | Annotated[PluggedNetwork, Tag(_OWN)],
    Discriminator(_tag),
]
# Settings that may be searched, and belong to the network.
SEARCHABLE = ("width", "depth")
