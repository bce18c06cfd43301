"""A network and a set of a package, for the tests of what packages bring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from densearch.plugins.shape import InputShape
from tests.support.plugging import install, used
from workers.training.data.registry import labelled_dataset, patch_dataset
from workers.training.loop import train
from workers.training.networks import build_network
from workers.training.task import Outcome, TrainingTask

PARTS = """
    import warnings
    import numpy as np
    from densearch.plugins import DataInfo, Layer, OwnNetwork

    class Settings(OwnNetwork):
        form: str = "right"
        kernel_size: int = 3

    class Network:
        title, tasks, n_dims, section = "A network", ("classification",), (1, 2), Settings

        def layers(self, section):
            if section.form == "unlisted":
                raise SystemExit(3)
            yield Layer("0", section.kernel_size)
            yield Layer("3", 3)

        def build(self, settings, shape, n_outputs):
            from torch import nn

            form, size = settings["form"], settings["kernel_size"]
            if form == "none":
                return 3
            if form == "broken":
                raise RuntimeError("out of ideas")
            convolution = nn.Conv1d if shape.n_dims == 1 else nn.Conv2d
            size = 5 if form == "other" else size
            first = convolution(shape.n_channels, 4, size, padding="same")
            # A kernel of 2 that the list leaves out: it stays plain.
            cells = convolution(4, 4, 2, stride=2)
            last = nn.Identity() if form == "missing" else convolution(4, 4, 3, padding=1)
            if form == "absent":
                return nn.Sequential(first)
            if form == "hooked":
                with warnings.catch_warnings(action="ignore"):  # it is deprecated, and used
                    last = nn.utils.weight_norm(last)
            if form == "parametrised":
                cells = nn.utils.parametrizations.spectral_norm(cells)
            pool = nn.AdaptiveAvgPool1d(1) if shape.n_dims == 1 else nn.AdaptiveAvgPool2d(1)
            head = nn.Linear(4, n_outputs + (form == "wide"))
            head = nn.LazyLinear(n_outputs) if form == "lazy" else head
            end = [] if form == "long" else [pool, nn.Flatten(), nn.Dropout(0.5), head]
            deep = [convolution(4, 4, 9)] if form == "deep" else []
            return nn.Sequential(first, nn.ReLU(), cells, last, *deep, *end)

    def samples(n, seed, dtype="float32"):
        random = np.random.default_rng(seed)
        return (random.random((n, 2, 12, 12)) * (255 if dtype == "uint8" else 1)).astype(dtype)

    class Set:
        title = "A set"
        info = {
            "classification": DataInfo(n_channels=2, size_px=12, n_outputs=3),
            "multilabel": DataInfo(n_channels=2, size_px=12, n_outputs=2),
            "denoising": DataInfo(n_channels=2, size_px=12, n_outputs=2),
            "image_to_image": DataInfo(n_channels=2, size_px=12, n_outputs=1),
        }
        change = None

        def load(self, task):
            parts = {split: self.part(task, seed)
                     for seed, split in enumerate(("train", "validation", "test"))}
            if self.change is not None:
                self.change(parts)
            return parts

        def part(self, task, seed):
            values = samples(8, seed, "uint8" if task == "denoising" else "float32")
            if task == "classification":
                return values, np.arange(8) % 3
            if task == "multilabel":
                return values, np.stack([np.arange(8) % 2, np.ones(8, int)], axis=1)
            if task == "denoising":
                return list(values)
            return [(value, value[:1]) for value in values]

    network, data = Network(), Set()
"""
ENTRIES = {"densearch.networks": {"parts": "network"}, "densearch.datasets": {"parts": "data"}}
CPU = torch.device("cpu")
PHI = {"0": ((0.5, 0.5, 0.5), (0.5, 1.0, 0.5), (0.5, 0.5, 0.5))}


@contextmanager
def parts_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a package have a network and a set, `parts`, and no other test's."""
    install(tmp_path, "plugged-parts", PARTS, ENTRIES)
    labelled_dataset.cache_clear()
    patch_dataset.cache_clear()
    with used(tmp_path, monkeypatch):
        yield


def network(n_dims: int = 2, **settings: Any) -> nn.Module:
    section = {"kind": "parts", "form": "right", "kernel_size": 3, **settings}
    weights = torch.Generator().manual_seed(0)
    return build_network(section, InputShape(2, 12, n_dims), 3, weights)


def task(**changes: Any) -> TrainingTask:
    network = {"kind": "parts", "form": "right", "kernel_size": 3, **changes.pop("network", {})}
    settings: dict[str, Any] = {
        "task": {"kind": "classification", "dataset": "parts"},
        "training": {
            "optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": False,
            "weight_decay": 0.0, "batch_size": 4, "epochs": 2,
        },
        "phi": PHI,
        "seed": 5,
        "network": network,
    }  # fmt: skip
    return TrainingTask(**{**settings, **changes})


def outcome(of: TrainingTask) -> Outcome:
    *_, last = train(of)
    assert isinstance(last, Outcome)
    return last


class Streamed:
    """Gives the samples of an array one by one."""

    def __init__(self, values: Sequence[NDArray[Any]] | NDArray[Any]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> NDArray[Any]:
        found: NDArray[Any] = self.values[index]
        return found


def streamed(parts: dict[str, Any], kind: type[Streamed] = Streamed) -> None:
    for split, (samples, labels) in parts.items():
        parts[split] = kind(samples), labels
