"""Which trainings may be trained together as one pack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.digest import digest_of


def pack_key(payload: Mapping[str, Any]) -> str | None:
    """Name what a training shares with those it may be trained with: all but its density.

    Args:
        payload: A trial's, see `service.payloads`.

    Returns:
        A digest, equal for payloads that differ in `phi` alone; None for a training that has a
        worker to itself: its job asks for no packs, it learns its density, or it trains nothing.
    """
    if not payload.get("packed") or payload.get("gradient") is not None:
        return None
    return digest_of({name: value for name, value in payload.items() if name != "phi"})
