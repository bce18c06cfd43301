"""Which trainings may be trained together as one pack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.digest import digest_of
from service.studies.training_payload import Payload, TrainingPayload

# Networks whose channels meet in convolutions and in the head alone. U-Net concatenates channels
# and NAFNet normalises across them: they are trained one by one.
FUSIBLE = frozenset({"small_cnn", "vgg", "resnet", "dncnn"})
# Widths are multiples of it: others would need many idle copies to fill registers.
NARROWEST = 8
# Of a training's settings, what candidates of one pack share: they see the same batches in one
# precision. The others are their optimizers', which each has of its own.
SHARED_SETTINGS = (
    "augmentation", "batch_size", "drop_last", "label_smoothing", "precision", "steps"
)  # fmt: skip


def is_fusible(network: Mapping[str, Any]) -> bool:
    """Whether several networks of this section can be trained as one."""
    return network["kind"] in FUSIBLE and int(network["width"]) % NARROWEST == 0


def may_share(payload: TrainingPayload) -> bool:
    """Whether a training can be part of a pack: its density is given, its network can be fused."""
    return payload.gradient is None and is_fusible(payload.network)


def pack_key(payload: Payload) -> str | None:
    """Return the key that trainings of one pack share.

    Args:
        payload: A trial's.

    Returns:
        A digest, equal for payloads that differ in their density, the split that they are judged
        on, their epochs and the settings of their optimizer alone. None for a training that has a
        worker to itself: its job asks for no packs, its network cannot be part of one, it learns
        its density, or it trains nothing.
    """
    if not isinstance(payload, TrainingPayload) or not payload.is_packed:
        return None
    if payload.gradient is not None:
        return None
    training = payload.training
    shared = {name: training[name] for name in SHARED_SETTINGS if name in training}
    names = ("task", "network", "seed", "packages", "threads")
    return digest_of({name: getattr(payload, name) for name in names} | shared)
