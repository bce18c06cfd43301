"""The network: plain torch, which knows nothing of densities."""

from __future__ import annotations

from torch import Tensor, nn


class DilatedCnn(nn.Module):
    """Cells of 2x2 pixels, then blocks whose taps lie 1, 2, 4, ... apart, then a linear head.

    Maps (B, n_channels, H, W) to (B, n_outputs).
    """

    def __init__(
        self, n_channels: int, n_outputs: int, *, depth: int, width: int, kernel_size: int
    ) -> None:
        super().__init__()
        self.cells = nn.Conv2d(n_channels, width, 2, stride=2)
        self.blocks = nn.Sequential(
            *(_block(width, kernel_size, 2**place) for place in range(depth))
        )
        self.head = nn.Linear(width, n_outputs)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of a batch."""
        features = self.blocks(self.cells(images))
        logits: Tensor = self.head(features.mean(dim=(2, 3)))
        return logits


def _block(width: int, kernel_size: int, dilation: int) -> nn.Sequential:
    padding = dilation * (kernel_size // 2)
    return nn.Sequential(
        nn.Conv2d(width, width, kernel_size, padding=padding, dilation=dilation, groups=width),
        nn.Conv2d(width, width, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )
