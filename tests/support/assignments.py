"""Shared by tests: assignments for a worker."""

from __future__ import annotations

from typing import Any

from service.orchestration.messages import Assignment


def assignment(
    payload: dict[str, Any],
    number: int = 1,
    stop_above: tuple[float, ...] = (),
    rung: int | None = None,
) -> Assignment:
    return Assignment(
        number,
        10 + number,
        1,
        "digest",
        payload,
        "cpu",
        keeps_weights=False,
        stop_above=stop_above,
        rung=rung,
    )


def training(**changes: object) -> dict[str, Any]:
    return {
        "task": {
            "kind": "denoising",
            "dataset": "photos",
            "noise_sigma": 25.0,
            "patch_px": 16,
            "n_patches": 32,
        },
        "network": {"kind": "dncnn", "depth": 3, "width": 4, "kernel_size": 3},
        "training": {
            "optimizer": "sgd",
            "lr": 0.01,
            "momentum": 0.9,
            "nesterov": False,
            "weight_decay": 0.0,
            "batch_size": 16,
            "epochs": 2,
        }
        | changes,
        "phi": [[0.5, 0.7, 0.5], [0.7, 1.0, 0.7], [0.5, 0.7, 0.5]],
        "seed": 3,
        "split": "validation",
    }


def packed(number: int, **changes: object) -> Assignment:
    scale = 0.5 + 0.1 * number
    payload = {**training(), "phi": [[scale] * 3, [scale, 1.0, scale], [scale] * 3]}
    payload["network"] = {**payload["network"], "width": 8}
    return assignment({**payload, "packed": True, **changes}, number)
