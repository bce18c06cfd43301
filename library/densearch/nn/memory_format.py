"""Memory format of samples and kernels, by device and precision.

On CPUs, from steps of the small CNN on one core of an AMD EPYC: images have their channels
innermost, which makes convolutions of few channels 1.1 to 1.5 times faster; volumes do not, where
channels innermost took 0.84 to 1.16 times as long (3x3x3 kernels up to 1.16, 5x5x5 down to 0.84);
signals have no such memory format in torch.

Nothing was measured on GPUs. From the literature: tensor cores, for tf32 and bfloat16, take
images with their channels innermost; float32 in that format was slower in cuDNN (pytorch
#50036, #44943: 1.68 to 2.76 s on a V100), and grouped convolutions by far (#34977).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_IMAGES = 2


def memory_format_of(
    device_type: str, precision: str, n_dims: int, *, is_grouped: bool = False
) -> torch.memory_format:
    """Return the memory format of samples and kernels.

    Args:
        device_type: Where the network is, such as "cpu" or "cuda".
        precision: The training's precision; "auto" has the format of bfloat16.
        n_dims: Axes of a sample without the channels.
        is_grouped: Whether the network is a fused one, whose convolutions have groups.
    """
    has_tensor_cores = precision != "float32" and not is_grouped
    is_innermost = n_dims == _IMAGES and (device_type != "cuda" or has_tensor_cores)
    return torch.channels_last if is_innermost else torch.contiguous_format


def place_network(
    network: nn.Module,
    device: torch.device,
    n_dims: int,
    precision: str = "float32",
    *,
    is_grouped: bool = False,
) -> None:
    """Move a network to its device, in place, with its kernels in the fastest memory format.

    Args:
        network: Its convolutions have `n_dims` axes.
        device: Where it is trained.
        n_dims: Axes of a sample besides the channels.
        precision: See `memory_format_of`.
        is_grouped: Likewise.
    """
    wanted = memory_format_of(device.type, precision, n_dims, is_grouped=is_grouped)
    if wanted is torch.channels_last:
        network.to(device=device, memory_format=wanted)  # type: ignore[call-overload]
    else:
        network.to(device=device)


def lay_out(samples: Tensor, precision: str = "float32", *, is_grouped: bool = False) -> Tensor:
    """Return samples of shape (B, C, *sides) in the memory format of their network's kernels."""
    n_dims = samples.dim() - 2
    wanted = memory_format_of(samples.device.type, precision, n_dims, is_grouped=is_grouped)
    return samples.contiguous(memory_format=wanted)
