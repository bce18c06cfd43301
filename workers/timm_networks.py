"""timm's networks by timm's names: `{"kind": "timm:resnet18"}`.

They are a plug-in, registered under the entry point `densearch.networks`. timm is imported when a
network of it is named, where the job is submitted and where it is trained. Nothing is downloaded:
each training draws the initial weights.

Source: https://huggingface.co/docs/timm
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from densearch.density import families
from densearch.plugins.layer import Layer
from densearch.plugins.sections import OwnNetwork
from service.extensions.entry_points import PluginError
from service.tasks.registry import answering

# timm's convolutions that standardise their weights in every forward pass, which would undo most
# of a density: they do not compute conv(x, W * Phi).
STANDARDISING = frozenset({"StdConv2d", "StdConv2dSame", "ScaledStdConv2d", "ScaledStdConv2dSame"})


class TimmNetwork(OwnNetwork):
    """A classifier of images from timm, without its trained weights; the name follows the colon.

    The density is carried by the convolutions whose kernel is odd, square, larger than 1 and
    within the largest kernel size of densities, and which do not standardise their weights. Stages
    are those of timm's feature extraction.
    """


class Timm:
    """See `densearch.plugins.NetworkPlugin`."""

    title = "timm"
    tasks = answering("classes")
    n_dims = (2,)
    section = TimmNetwork
    takes = "NAME"
    built_on = ("timm",)

    def layers(self, section: TimmNetwork) -> list[Layer]:
        """List the convolutions that carry a density.

        Raises:
            PluginError: timm is not installed, or has no such network.
        """
        return list(layers_by_name(section.argument))

    def build(self, settings: Mapping[str, Any], shape: Any, n_outputs: int) -> Any:  # noqa: ANN401 - a torch.nn.Module
        """Build the network for `shape.n_channels` channels and `n_outputs` classes.

        Raises:
            PluginError: As `layers`.
        """
        name = settings["kind"].partition(":")[2]
        return _created(name, in_chans=shape.n_channels, num_classes=n_outputs)


timm_networks = Timm()


@lru_cache(maxsize=64)
def layers_by_name(name: str) -> tuple[Layer, ...]:
    """Return the layers of timm's network `name` that may carry a density; cached."""
    return tuple(_weighable(_described(name)))


def _described(name: str) -> Any:  # noqa: ANN401 - a torch.nn.Module
    """Build a network on the meta device: only its layers are needed."""
    _timm()
    import torch

    with torch.device("meta"):
        return _created(name)


def _weighable(network: Any) -> Iterator[Layer]:  # noqa: ANN401 - the same
    from torch.nn import Conv2d

    features = getattr(network, "feature_info", [])
    stages = {feature["module"]: number for number, feature in enumerate(features, 1)}
    stage = 1 if stages else None
    for name, module in network.named_modules():
        stage = stages.get(name, stage)
        if isinstance(module, Conv2d):
            height, width = module.kernel_size
            is_fit = height == width and height % 2 and 3 <= height <= families.MAX_KERNEL_SIZE
            if is_fit and type(module).__name__ not in STANDARDISING:
                yield Layer(name, height, stage)


def _created(name: str, **settings: int) -> Any:  # noqa: ANN401 - a torch.nn.Module
    timm = _timm()
    name, _, tag = name.partition(".")
    if tag:
        remedy = f"leave '.{tag}' out, which names trained weights: initial weights are drawn"
        raise PluginError(f"timm's networks are named without a tag: {remedy}")
    if not timm.is_model(name):
        near = get_close_matches(name, timm.list_models(), n=3)
        remedy = f"did you mean {', '.join(near)}?" if near else "timm.list_models() lists them"
        raise PluginError(f"timm has no network {name!r}: {remedy}")
    return timm.create_model(name, pretrained=False, **settings)


def _timm() -> Any:  # noqa: ANN401 - a module that may be missing
    try:
        import timm
    except ImportError as error:
        raise PluginError(
            f"timm's networks need torch and timm, which cannot be imported here ({error}): "
            "pip install -e '.[timm]' where jobs are submitted and on every worker"
        ) from error
    except RuntimeError as error:  # torchvision's, where its operators do not load
        raise PluginError(
            f"timm cannot be imported here ({error}): install a torchvision of the same version "
            "and build (CPU or CUDA) as torch"
        ) from error
    return timm
