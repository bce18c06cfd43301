"""The jobs that a stored database holds: one of every kind that a spec can express, all small.

`DATA` names what a task's data set stands for: the maker puts the number of the stored set there.
"""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]

# The samplers that need nothing but the values of their own trials; the optional ones last.
SEARCHES = (
    *("direct_l", "direct_l_rand", "direct_l_bobyqa", "direct_l_model"),
    *("tpe", "cmaes", "gp", "qmc", "grid", "random"),
    *("tune:hyperopt", "tune:bayesopt", "tune:nevergrad"),
)
CONTROLS = (
    *("uniform", "linear", "gaussian", "flat"),
    *("uniform_tuned", "flat_tuned", "default_init_tuned", "density_tuned"),
)
CNN: Spec = {"kind": "small_cnn", "depth": 1, "width": 4}


def function(name: str, function: str = "branin", sleep_s: float = 0.0, **changes: Any) -> Spec:
    """Return a job that trains nothing."""
    task = {"kind": "function", "name": function, "sleep_s": sleep_s}
    return {
        "name": name,
        "task": task,
        "samplers": ["random"],
        "budget": {"n_trials": 4},
        **changes,
    }


def training(name: str, task: str | Spec, **changes: Any) -> Spec:
    """Return a job that trains: one search of two trials, held against `uniform`."""
    return {
        "name": name,
        "task": {"kind": task} if isinstance(task, str) else task,
        "training": {"epochs": 1},
        "samplers": ["random"],
        "controls": ["uniform"],
        "budget": {"n_trials": 2},
        "evaluation": {"n_seeds": 1},
        **changes,
    }


# Each runs to its end. Jobs that name stored sets follow in `on_stored`.
FINISHED: tuple[Spec, ...] = (
    function(
        "every sampler",
        samplers=[*SEARCHES[:-3], *({"name": name, "batch_size": 2} for name in SEARCHES[-3:])],
        budget={"n_trials": 6},
        seed=3,
    ),
    function("repeats", "levy", samplers=["tpe", "cmaes", "direct_l"], repeats=2),
    function(
        "noise",
        "sphere",
        samplers=[{"name": "direct_l", "options": {"magic_eps": 0.0}}],
        budget={"n_trials": 30, "stop_below_noise": 0.5, "wall_clock_s": 1e6},
        evaluation={"n_seeds": 1},
    ),
    training(
        "every control",
        {"kind": "denoising", "patch_px": 16, "n_patches": 32},
        network={"kind": "dncnn", "depth": 2, "width": 4},
        training={"lr": 0.01, "batch_size": 16, "epochs": 4, "schedule": "cosine"},
        density={"bounds": [[0.0, 2.0]]},
        samplers=["direct_l", "tpe", "gradient"],
        controls=list(CONTROLS),
        budget={"n_trials": 2},
        fidelity={"search_fraction": 0.5, "promote": 1},
    ),
    training(
        "pruned by the median",
        "classification",
        network=CNN,
        training={"batch_size": 128, "epochs": 5, "optimizer": "adam", "clip_norm": 1.0},
        density={"family": "power"},
        search={"lr": {"low": 0.0001, "high": 0.5, "log": True}, "nesterov": {"choices": [False]}},
        samplers=[{"name": "random", "batch_size": 3}, "qmc"],
        budget={"n_trials": 8},
        fidelity={"search_fraction": 0.6, "promote": 2, "schedule": "shortened"},
        pruning={"rule": "median", "warmup_epochs": 1},
        evaluation={"n_seeds": 3},
    ),
    training(
        "halved in packs",
        "classification",
        network={**CNN, "width": 8},
        training={"epochs": 4},
        density={"bounds": [[0.0, 2.0]]},
        pruning={"rule": "halving", "eta": 2},
        search={"lr": {"choices": [0.02, 0.05, 1000.0]}},
        resources={"pack_width": 2},
        samplers=[{"name": "random", "batch_size": 6}],
        budget={"n_trials": 6},
        seed=5,
    ),
    training(
        "a pack as wide as measured",
        "classification",
        network=CNN,
        density={"bounds": [[0.0, 2.0]], "scope": "layer"},
        resources={"pack_width": "auto"},
    ),
    training(
        "mixed kernels",
        {"kind": "classification", "dataset": "faces"},
        network={"kind": "vgg", "n_stages": 2, "depth": 2, "width": 4, "kernel_size": [5, 3]},
        training={
            "epochs": 2,
            "optimizer": "adamw",
            "lr": 0.001,
            "weight_decay": 0.01,
            "schedule": "one_cycle",
            "label_smoothing": 0.1,
            "drop_last": True,
            "precision": "bfloat16",
            "initialisation": "kaiming_fan_out",
            "augmentation": {"flip": True, "crop_padding_px": 2},
        },
        samplers=[{"name": "gradient", "options": {"preset": "authors"}}, "grid"],
    ),
    training(
        "stages",
        {"kind": "image_to_image", "patch_px": 16, "n_patches": 32},
        network={"kind": "unet", "n_stages": 2, "depth": 1, "width": 4, "kernel_size": [5, 3]},
        training={"epochs": 2, "batch_size": 16, "schedule": "step", "warmup_epochs": 1},
        density={"scope": "stage"},
        samplers=["direct_l_rand"],
    ),
    training(
        "layers",
        "multilabel",
        network={"kind": "resnet", "n_stages": 2, "depth": 1, "width": 4},
        training={"epochs": 1, "initialisation": "kaiming_fan_in"},
        density={"family": "separable-symmetric", "scope": "layer"},
        samplers=["cmaes"],
    ),
    training(
        "signals",
        {"kind": "classification", "dataset": "waveforms"},
        network=CNN,
        training={"epochs": 1, "nesterov": True, "precision": "tf32", "batch_size": 256},
        density={"family": "full"},
        search={
            "lr": {"low": 0.01, "high": 0.2, "log": True},
            "batch_size": {"low": 64, "high": 256, "integer": True},
            "width": {"low": 3, "high": 5, "integer": True},
        },
        samplers=["direct_l_model"],
        resources={"cpus_per_trial": 2},
    ),
    training(
        "volumes",
        {"kind": "denoising", "dataset": "phantoms", "patch_px": 16, "n_patches": 8},
        network={"kind": "dncnn", "depth": 2, "width": 4},
        training={"epochs": 1, "batch_size": 4},
        density={"family": "radial"},
    ),
    training(
        "gates",
        {"kind": "denoising", "patch_px": 16, "n_patches": 16},
        network={"kind": "nafnet", "n_stages": 1, "depth": 1, "width": 4},
        samplers=["tpe"],
    ),
    training(
        "masks",
        {"kind": "segmentation", "patch_px": 16, "n_patches": 16},
        network={"kind": "unet", "n_stages": 2, "depth": 1, "width": 4},
    ),
    training(
        "planned looks",
        "classification",
        network=CNN,
        density={"factor": [0.5, 2.0], "ranges": "wide"},
        controls=["uniform", "uniform_tuned", "density_tuned"],
        evaluation={"looks": [2, 3], "margin_percent": 2.0},
    ),
    training(
        "a part of the data",
        {"kind": "classification", "n_train": 200},
        network=CNN,
        training={"steps": 12},
        search={"lr": {"low": 0.01, "high": 0.5, "log": True}},
        density={"bounds": [[0.0, 2.0]]},
        controls=["uniform", {"name": "fixed", "label": "half", "densities": [{"vector": [0.5]}]}],
        budget={"n_trials": 4},
        evaluation={"n_seeds": 2},
        validation_seeds=3,
    ),
)
CAMPAIGN: Spec = {
    "name": "two subsets",
    "base": {
        "task": {"kind": "classification"},
        "network": CNN,
        "training": {"steps": 4},
        "samplers": ["random"],
        "controls": ["uniform"],
        "budget": {"n_trials": 2},
        "evaluation": {"n_seeds": 1},
    },
    "matrix": {"task.n_train": [100, 200]},
}
# Its one sampler is said to run ahead; which points it does depends on time.
SPECULATING = function(
    "speculation",
    sleep_s=0.05,
    samplers=["direct_l"],
    use_speculation=True,
    budget={"n_trials": 8},
)


def on_stored(arrays: int, pairs: int, images: int) -> tuple[Spec, ...]:
    """Return the jobs on stored sets, given their numbers."""
    return (
        training(
            "stored arrays",
            {"kind": "classification", "dataset": f"stored:{arrays}"},
            network=CNN,
            density={"family": "gaussian"},
        ),
        training(
            "stored pairs of signals",
            {"kind": "image_to_image", "dataset": f"stored:{pairs}", "patch_px": 16},
            network={"kind": "dncnn", "depth": 2, "width": 4, "kernel_size": 5},
            density={"family": "symmetric"},
        ),
        training(
            "stored images",
            {"kind": "classification", "dataset": f"stored:{images}", "size_px": 16},
            network=CNN,
            training={"epochs": 1, "augmentation": {"flip": True}},
            density={"family": "separable"},
        ),
    )


def warm(density: int) -> Spec:
    """Return the job that starts from what another has learned, given the density's number."""
    return training(
        "warm start",
        "classification",
        network=CNN,
        density={"family": "power"},
        samplers=["tpe", "gp"],
        warm_start={"densities": [density], "vectors": [[1.5, 2.0]]},
    )


# Paused in the middle, with trials done and trials left.
PAUSED_FUNCTION = function(
    "paused function",
    "hartmann6",
    0.1,
    samplers=[*SEARCHES[:6], "random", "grid"],
    budget={"n_trials": 14},
    seed=7,
)
PAUSED_FUNCTION["task"]["dimension"] = 6
PAUSED_TRAINING = training(
    "paused training",
    "classification",
    network={**CNN, "depth": 2, "kernel_size": [5, 3]},
    training={"epochs": 2, "batch_size": 128, "schedule": "cosine"},
    search={"lr": {"low": 0.005, "high": 0.5, "log": True}},
    samplers=["direct_l", {"name": "tpe", "options": {"n_startup_trials": 3}}, "gradient"],
    controls=["uniform", "flat", "uniform_tuned"],
    budget={"n_trials": 8},
    fidelity={"search_fraction": 0.5, "promote": 1},
    seed=7,
)
