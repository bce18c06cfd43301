"""A detector-like network with a density for each stage: `external_yolo_like.py JOB [URL]`.

The spec names the layers: `{"layers": {"backbone.0": 3, "backbone.2": 3, "head.0": 5}}` and
`density.scope` "layer". A larger value is better: the metric is the overlap of the boxes.
"""

import sys

import torch
from torch import Tensor, nn

from densearch import Client, apply_density


class Detector(nn.Module):
    """Finds one bright square in a picture: its centre and its width."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2, 1), nn.SiLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.SiLU()
        )
        self.head = nn.Sequential(nn.Conv2d(8, 8, 5, padding=2), nn.SiLU(), nn.Flatten())
        self.box = nn.Linear(8 * 16, 3)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return boxes as (x, y, width), shape (N, 3), in parts of the picture."""
        boxes: Tensor = self.box(self.head(self.backbone(pictures))).sigmoid()
        return boxes


def scenes(seed: int) -> tuple[Tensor, Tensor]:
    """Return pictures of 16x16 with one square each, and its box."""
    torch.manual_seed(seed)
    boxes = torch.rand(48, 3) * torch.tensor([0.5, 0.5, 0.25]) + 0.25
    at = (torch.arange(16) + 0.5) / 16
    inside = [(at[None] - boxes[:, i, None]).abs() < boxes[:, 2, None] / 2 for i in (0, 1)]
    square = (inside[1][:, :, None] & inside[0][:, None, :]).float()[:, None]
    return square + 0.2 * torch.randn_like(square), boxes


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """Return the intersection over union of squares, shape (N,)."""
    low = torch.maximum(one[:, :2] - one[:, 2:] / 2, other[:, :2] - other[:, 2:] / 2)
    high = torch.minimum(one[:, :2] + one[:, 2:] / 2, other[:, :2] + other[:, 2:] / 2)
    both = (high - low).clamp(min=0).prod(1)
    return both / (one[:, 2] ** 2 + other[:, 2] ** 2 - both)


with Client(sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8080") as client:
    for trial in client.work(int(sys.argv[1])):
        pictures, boxes = scenes(1)
        seen, truth = scenes(2 if trial.split == "validation" else 3)
        torch.manual_seed(trial.seed)
        detector = Detector()
        for density in trial.densities:
            apply_density(detector, density.phi, density.layers)
        optimizer = torch.optim.Adam(detector.parameters(), lr=trial.params.get("lr", 0.003))
        iou = 0.0
        for _ in range(trial.epochs or 10):
            for batch in torch.arange(48).reshape(3, 16):
                optimizer.zero_grad()
                (detector(pictures[batch]) - boxes[batch]).abs().mean().backward()
                optimizer.step()
            with torch.no_grad():
                iou = overlap(detector(seen), truth).mean().item()
            if trial.report(iou):
                break
        trial.tell(iou)
