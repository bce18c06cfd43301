"""The name of a training: a digest of all that determines its result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version

# Raised whenever training code changes in a way that changes results: old results are then no
# longer taken for new ones.
TRAINING_VERSION = 6


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: keys sorted, no spaces, floats as Python's repr."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(value: object) -> str:
    """Return the SHA-256 of a JSON value's canonical text, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


@lru_cache(maxsize=1)
def _code() -> dict[str, object]:
    # scikit-image and scikit-learn hold the images, the former the SSIM too; scipy blurs, and
    # torchmetrics scores answers with several labels.
    names = ("numpy", "scikit-image", "scikit-learn", "scipy", "torch", "torchmetrics")
    return {"training": TRAINING_VERSION, **{name: version(name) for name in names}}


def training_digest(payload: Mapping[str, object], *, device: str) -> str:
    """Name the training that `payload` describes on a kind of device ("cpu" or "cuda").

    Two trials with the same digest give the same result on the same
    kind of device, so the second takes the first one's.
    """
    return digest_of({"payload": payload, "device": device, "code": _code()})
