"""The disturbed jobs: small, and of every kind that a crash could affect."""

from __future__ import annotations

from typing import Any

FUNCTION: dict[str, Any] = {
    "name": "branin",
    "seed": 5,
    "task": {"kind": "function", "name": "branin", "dimension": 2, "sleep_s": 0.2},
    "samplers": ["direct_l", "direct_l_rand", "tpe", "cmaes", "random"],
    "budget": {"n_trials": 12},
}
# Its sampler is costly: it runs in a separate process.
MODEL: dict[str, Any] = {
    "name": "model",
    "seed": 5,
    "task": {"kind": "function", "name": "branin", "dimension": 2, "sleep_s": 0.2},
    "samplers": ["gp"],
    "budget": {"n_trials": 8},
}
# A search with pruning and low fidelity, promotions, controls, a gradient, an evaluation.
PHOTOS: dict[str, Any] = {
    "name": "photos",
    "seed": 5,
    "task": {"kind": "denoising", "patch_px": 16, "n_patches": 64},
    "network": {"kind": "dncnn", "depth": 3, "width": 4, "kernel_size": 3},
    "training": {"lr": 0.01, "batch_size": 16, "epochs": 6, "schedule": "cosine"},
    "density": {"bounds": [[0.0, 2.0]]},
    "samplers": ["direct_l", "tpe", "gradient"],
    "controls": ["uniform", "flat", "uniform_tuned"],
    "budget": {"n_trials": 5},
    "evaluation": {"n_seeds": 2},
    "fidelity": {"search_fraction": 0.5, "promote": 2},
    "pruning": {"rule": "median", "warmup_epochs": 1},
}
# Several candidates share a worker, and its death; one of the learning rates is far too high. They
# wait at rungs for the others of their round, and go on from checkpoints.
PACKS: dict[str, Any] = {
    "name": "packs",
    "seed": 5,
    "task": {"kind": "classification"},
    "network": {"kind": "small_cnn", "depth": 1, "width": 8},
    "training": {"batch_size": 64, "epochs": 4, "schedule": "constant"},
    "density": {"bounds": [[0.0, 2.0]]},
    "pruning": {"rule": "halving", "eta": 2},
    "search": {"lr": {"choices": [0.02, 0.05, 1000.0]}},
    "resources": {"pack_width": 2},
    "samplers": [{"name": "random", "batch_size": 6}],
    "controls": ["uniform"],
    "budget": {"n_trials": 6},
    "evaluation": {"n_seeds": 1},
}

JOBS: dict[str, dict[str, Any]] = {job["name"]: job for job in (PHOTOS, FUNCTION, PACKS, MODEL)}
