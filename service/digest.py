"""The name of a training: a digest of all that determines its result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any

# Raised whenever training code changes in a way that changes results: old results are then no
# longer taken for new ones.
TRAINING_VERSION = 8
# Raised whenever a sampler would propose other points from the same values. A study keeps the
# version that it began with: resumed, extended or tried again, it goes on by the same rules.
# 1: samplers that model values receive `diverged_value` itself for a trial that diverged.
# 2: they receive one that is little worse than the worst measured (densearch.sampler.penalties).
SEARCH_VERSION = 2


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: keys sorted, no spaces, floats as Python's repr."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(value: object) -> str:
    """Return the SHA-256 of a JSON value's canonical text, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


@lru_cache(maxsize=1)
def versions() -> Mapping[str, object]:
    """Return the versions of all code that determines a training's result, by name."""
    # scikit-image and scikit-learn hold the images, the former one of the SSIMs too; scipy blurs;
    # torchmetrics has the other SSIM, and scores answers with several labels.
    names = ("numpy", "scikit-image", "scikit-learn", "scipy", "torch", "torchmetrics")
    return {"training": TRAINING_VERSION, **{name: version(name) for name in names}}


def training_digest(payload: Mapping[str, object], *, device: str) -> str:
    """Name the training that `payload` describes on a kind of device ("cpu" or "cuda").

    Two trials with the same digest give the same result on the same
    kind of device, so the second takes the first one's.
    """
    return digest_of({"payload": payload, "device": device, "code": versions()})


def course_digest(payload: Mapping[str, Any], *, device: str) -> str:
    """Return the digest that trainings share of which one is the beginning of the other.

    It covers all but their number of epochs: a training of fewer epochs on the same schedule of
    the learning rate takes the same steps. Precision is left out, since only a worker knows what
    `auto` becomes; so are versions, which a checkpoint states itself.

    Args:
        payload: Of a training, see `service.studies.payloads`.
        device: "cpu" or "cuda".
    """
    training = {name: value for name, value in payload["training"].items() if name != "precision"}
    has_schedule = training.get("schedule", "constant") != "constant"
    whole = training.get("schedule_epochs") or training.get("epochs")
    training["schedule_epochs"] = whole if has_schedule else None
    # The objective of a plug-in receives this section and may depend on the epochs.
    if "densearch.objectives" not in payload.get("packages", {}):
        training.pop("epochs", None)
    return digest_of({"payload": {**payload, "training": training}, "device": device})
