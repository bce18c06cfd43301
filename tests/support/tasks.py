"""Manifests of stored sets, and jobs of a kind of task."""

from __future__ import annotations

from typing import Any

from service.spec import JobSpec
from service.validation import parse

# One of each sort that can be stored; a set of masks is one of pairs with classes.
MANIFESTS: dict[str, dict[str, Any]] = {
    "labelled": {"kind": "labelled", "n_channels": 3, "classes": ["cat", "dog"]},
    "multilabel": {"kind": "multilabel", "n_channels": 3, "classes": ["a", "b", "c", "d"]},
    "pairs": {"kind": "pairs", "n_channels": 3, "target_channels": 2, "classes": []},
    "masks": {"kind": "pairs", "n_channels": 3, "target_channels": 1, "classes": list("abcde")},
    "unlabelled": {"kind": "unlabelled", "n_channels": 3, "classes": []},
}


def job(kind: str, **sections: Any) -> JobSpec:
    """Return a valid job of a kind of task, with its defaults.

    Raises:
        InvalidSpecError: A section does not fit.
    """
    body = {"name": "n", "task": {"kind": kind}, "budget": {"n_trials": 3}}
    return parse.parse({**body, "samplers": ["random"], **sections})
