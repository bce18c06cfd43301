"""The demo's training as a user writes it today, under Ray Tune; benchmarks.against_ray_tune.

Reads densities as JSON from standard input and prints the seconds that `Tuner.fit` took.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from typing import Any

import numpy as np
import ray
import torch
from ray import tune
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from workers.training.data import photos
from workers.training.data.images import grey_image

SIGMA = 25 / 255
PATCH_PX, N_PATCHES, WIDTH, DEPTH = 40, 1024, 16, 5


class WeightedConv2d(nn.Conv2d):
    """A convolution that multiplies its kernel by a density in every forward pass."""

    phi: Tensor

    def __init__(self, n_in: int, n_out: int, phi: Tensor, *, bias: bool = True) -> None:
        size = phi.shape[0]
        super().__init__(n_in, n_out, size, padding=size // 2, bias=bias)
        self.register_buffer("phi", phi)

    def forward(self, images: Tensor) -> Tensor:
        """Return conv(x, W * Phi)."""
        weighted: Tensor = self._conv_forward(images, self.weight * self.phi, self.bias)
        return weighted


class NoisyPatches(Dataset[tuple[Tensor, Tensor]]):
    """Random patches with noise."""

    def __init__(self) -> None:
        self._images = [torch.from_numpy(grey_image(n).copy()) for n in photos.SPLITS["train"]]
        self._random = np.random.default_rng(0)

    def __len__(self) -> int:
        """Return the patches of an epoch."""
        return N_PATCHES

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Return the noisy patch, normalised, and its noise."""
        image = self._images[index % len(self._images)]
        top = int(self._random.integers(image.shape[0] - PATCH_PX + 1))
        left = int(self._random.integers(image.shape[1] - PATCH_PX + 1))
        clean = image[None, top : top + PATCH_PX, left : left + PATCH_PX]
        noise = torch.randn(clean.shape)
        return (clean + SIGMA * noise - 0.5) / 0.25, noise


def network(phi: Tensor) -> nn.Module:
    """Return the demo's DnCNN, made of weighted convolutions."""
    layers: list[nn.Module] = [WeightedConv2d(1, WIDTH, phi), nn.ReLU()]
    for _ in range(DEPTH - 2):
        layers += [WeightedConv2d(WIDTH, WIDTH, phi, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU()]
    return nn.Sequential(*layers, WeightedConv2d(WIDTH, 1, phi))


def train(config: dict[str, Any]) -> None:
    """Train with one density and report the validation loss after each epoch."""
    torch.manual_seed(0)
    settings = config["training"]
    model = network(torch.tensor(config["phi"] or np.ones((3, 3)).tolist()))
    optimizer = torch.optim.SGD(
        model.parameters(), lr=settings["lr"], momentum=settings["momentum"]
    )
    loader = DataLoader(NoisyPatches(), batch_size=settings["batch_size"], shuffle=True)
    n_steps = settings["epochs"] * len(loader)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    clean = torch.from_numpy(photos.fixed_crops(photos.load_photos("validation")))
    noisy = clean + SIGMA * torch.randn(clean.shape)
    for _ in range(settings["epochs"]):
        model.train()
        for inputs, noise in loader:
            optimizer.zero_grad()
            loss = 0.5 * nn.functional.mse_loss(model(inputs), noise)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        tune.report({"loss": _validate(model, clean, noisy)})


def _validate(model: nn.Module, clean: Tensor, noisy: Tensor) -> float:
    model.eval()
    with torch.no_grad():
        estimate = noisy - SIGMA * model((noisy - 0.5) / 0.25)
        return float((estimate - clean).square().mean())


def main() -> None:
    """Run every density; Ray Tune's settings are its defaults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpus", type=int, required=True)
    arguments = parser.parse_args()
    given = json.load(sys.stdin)
    space = {"training": given["training"], "phi": tune.grid_search(given["phis"])}
    with tempfile.TemporaryDirectory(prefix="tune-") as folder:
        ray.init(address="local", num_cpus=arguments.cpus, include_dashboard=False)
        start = time.perf_counter()
        tuner = tune.Tuner(
            train, param_space=space, run_config=tune.RunConfig(storage_path=folder)
        )
        results = tuner.fit()
        elapsed_s = time.perf_counter() - start
        if results.num_errors or len(results) != len(given["phis"]):
            raise RuntimeError(f"{results.num_errors} of {len(results)} trainings failed")
        ray.shutdown()
    print(elapsed_s)


if __name__ == "__main__":
    main()
