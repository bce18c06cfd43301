"""Shared by tests: jobs resolved from the body of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.studies.resolved import ResolvedSpec, TrainingJob
from service.validation import parse
from service.validation.resolve import resolve


def resolved(body: Mapping[str, Any]) -> ResolvedSpec:
    return resolve(parse.parse(body))


def training(body: Mapping[str, Any]) -> TrainingJob:
    job = resolved(body)
    assert isinstance(job, TrainingJob)
    return job


def photos(**changes: object) -> TrainingJob:
    """Return a denoising job of two searches, with these sections changed."""
    body: dict[str, object] = {
        "name": "photos",
        "task": {"kind": "denoising"},
        "network": {"kind": "dncnn", "kernel_size": 5},
        "samplers": ["direct_l", "tpe"],
        "budget": {"n_trials": 10},
    }
    return training(body | changes)


def gradient_body(options: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the body of a job of `gradient` with these options, and with sections changed."""
    return {
        "name": "digits",
        "task": {"kind": "classification"},
        "network": {"kind": "small_cnn", "depth": 2, "kernel_size": 5},
        "training": {"optimizer": "adamw", "lr": 1e-4},
        "samplers": [{"name": "gradient", "options": options}],
        "controls": ["uniform", "flat"],
        "budget": {"n_trials": 5},
    } | changes
