"""Example jobs on the page of a new job. Tests validate each spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.dashboard.json_text import json_text
from service.tasks.registry import TASKS


@dataclass(frozen=True, slots=True)
class Example:
    """A job to start from; `title` says what it does."""

    name: str
    title: str
    spec: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The spec as JSON."""
        return json_text(dict(self.spec))


EXAMPLES: tuple[Example, ...] = (
    Example(
        "photos",
        "Denoise photographs: what the density adds to a tuned learning rate",
        {
            "name": "photos",
            "seed": 0,
            "task": {
                "kind": "denoising", "dataset": "photos", "noise_sigma": 25, "patch_px": 40
            },
            "network": {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3},
            "training": {
                "optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "batch_size": 64, "epochs": 4,
                "schedule": "cosine",
            },
            "density": {"family": "symmetric", "scope": "network", "bounds": [[0.0, 2.0]]},
            "samplers": [{"name": "direct_l"}, {"name": "tpe"}],
            "controls": ["uniform", "uniform_tuned", "flat_tuned", "density_tuned"],
            "budget": {"n_trials": 12},
            "fidelity": {"search_fraction": 0.5, "promote": 2},
            "evaluation": {"n_seeds": 5},
            "resources": {"cpus_per_trial": 1, "gpus_per_trial": 0},
        },
    ),
    Example(
        "digits",
        "Classify digits: a short job",
        {
            "name": "digits",
            "seed": 0,
            "task": {"kind": "classification", "dataset": "digits"},
            "network": {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3},
            "training": {
                "optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "batch_size": 64, "epochs": 5
            },
            "density": {"family": "symmetric", "bounds": [[0.0, 2.0]]},
            "samplers": [{"name": "direct_l"}, {"name": "tpe"}],
            "controls": ["uniform", "linear", "gaussian", "flat"],
            "budget": {"n_trials": 8},
            "evaluation": {"n_seeds": 3},
        },
    ),
    Example(
        "layers",
        "A density for each layer, kernels of 5 and 3 pixels",
        {
            "name": "digits, layer by layer",
            "task": {"kind": "classification", "dataset": "digits"},
            "network": {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": [5, 3]},
            "training": {"optimizer": "adam", "lr": 0.003, "batch_size": 64, "epochs": 5},
            "density": {"family": "symmetric", "scope": "layer"},
            "samplers": ["direct_l", "gradient"],
            "controls": ["uniform", "flat"],
            "budget": {"n_trials": 20},
        },
    ),
    Example(
        "authors",
        "Learn a density for each layer, as its authors do, next to their published ones",
        {
            "name": "the authors' recipe",
            "seed": 0,
            "task": {
                "kind": "denoising", "dataset": "photos", "noise_sigma": 25, "patch_px": 40,
                "n_patches": 512,
            },
            "network": {"kind": "dncnn", "depth": 3, "width": 8, "kernel_size": 7},
            "training": {
                "optimizer": "adamw", "lr": 0.001, "weight_decay": 0.01, "schedule": "cosine",
                "batch_size": 64, "epochs": 12,
            },
            "density": {"family": "symmetric", "bounds": [[0.0, 2.0], [0.0, 2.0], [0.0, 2.0]]},
            "samplers": [{"name": "gradient", "options": {"preset": "authors"}}],
            "controls": [
                "uniform",
                "flat",
                {
                    "name": "fixed",
                    "label": "first-release",
                    "densities": [
                        {"vector": [0.5]}, {"vector": [0.3, 1.5]}, {"vector": [0.06, 1.2, 1.6]}
                    ],
                },
                {
                    "name": "fixed",
                    "label": "second-release",
                    "densities": [
                        {"vector": [0.7]}, {"vector": [0.2, 0.8]}, {"vector": [0.25, 0.15, 0.55]}
                    ],
                },
                {
                    "name": "fixed",
                    "label": "trainable-variant",
                    "densities": [{"vector": [0.27, 0.17, 0.54]}],
                },
                "uniform_tuned",
            ],
            "budget": {"n_trials": 8},
            "evaluation": {"n_seeds": 5},
        },
    ),
    Example(
        "limit",
        "Ten minutes: a limit on time, with pruning by the median rule",
        {
            "name": "photos in ten minutes",
            "task": {"kind": "denoising", "dataset": "photos", "noise_sigma": 25},
            "network": {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 5},
            "training": {
                "optimizer": "adam", "lr": 0.003, "schedule": "cosine", "epochs": 12,
                "precision": "auto",
            },
            "controls": ["uniform", "uniform_tuned", "density_tuned"],
            "budget": {"n_trials": 100, "wall_clock_s": 600},
            "fidelity": {"search_fraction": 0.5, "promote": 3},
            "pruning": {"rule": "median", "warmup_epochs": 1},
        },
    ),
    Example(
        "signals",
        "Classify signals: kernels of one dimension",
        {
            "name": "waveforms",
            "seed": 0,
            "task": {"kind": "classification", "dataset": "waveforms"},
            "network": {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 5},
            "training": {"optimizer": "adam", "lr": 0.003, "batch_size": 64, "epochs": 4},
            "samplers": ["direct_l"],
            "controls": ["uniform", "flat"],
            "budget": {"n_trials": 6},
            "evaluation": {"n_seeds": 3},
        },
    ),
    Example(
        "multilabel",
        "Say which labels an image has: several at once",
        {
            "name": "mosaics",
            "seed": 0,
            "task": {"kind": "multilabel", "dataset": "mosaics"},
            "network": {"kind": "small_cnn", "depth": 3, "width": 16, "kernel_size": 3},
            "training": {
                "optimizer": "adam", "lr": 0.003, "batch_size": 64, "epochs": 4,
                "augmentation": {"flip": True},
            },
            "samplers": ["direct_l"],
            "controls": ["uniform", "flat"],
            "budget": {"n_trials": 6},
            "evaluation": {"n_seeds": 3},
        },
    ),
    Example(
        "samplers",
        "Compare samplers: the same search by four of them, three times each",
        {
            "name": "samplers compared",
            "seed": 0,
            "task": {"kind": "classification", "dataset": "digits"},
            "network": {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 5},
            "training": {"optimizer": "sgd", "lr": 0.05, "batch_size": 64, "epochs": 3},
            "density": {"family": "symmetric"},
            "samplers": ["direct_l", "tpe", "cmaes", "random"],
            "repeats": 3,
            "budget": {"n_trials": 20},
        },
    ),
    *(
        Example(kind, *info.example)
        for kind, info in TASKS.items()
        if info.example is not None
    ),
)  # fmt: skip
