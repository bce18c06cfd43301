"""Payloads share what is equal in them, and say the same."""

from __future__ import annotations

import copy
from typing import Any

from service.orchestration import shared_sections
from service.orchestration.shared_sections import SharedParts


def payload(lr: float, tap: float) -> dict[str, Any]:
    return {
        "task": {"kind": "denoising", "noise_sigma": 25},
        "training": {"lr": lr, "epochs": 4},
        "phi": [[tap, 1.0], [1.0, 0.5]],
        "seed": 7,
        "split": "validation",
    }


def test_equal_sections_are_one_object_and_payloads_stay_equal() -> None:
    parts = SharedParts()
    given = [payload(0.1, 0.1), payload(0.1, 0.2), payload(0.2, 0.3)]
    found = [parts.of(copy.deepcopy(one)) for one in given]
    assert found == given
    first, second, third = found
    assert first["task"] is second["task"] is third["task"]
    assert first["training"] is second["training"]
    assert third["training"] is not first["training"]


def test_numbers_that_are_equal_but_written_otherwise_are_not_shared() -> None:
    parts = SharedParts()
    whole = parts.of({"training": {"lr": 1}})
    real = parts.of({"training": {"lr": 1.0}})
    assert isinstance(whole["training"]["lr"], int)
    assert isinstance(real["training"]["lr"], float)


def test_sections_that_all_differ_are_not_kept_for_ever() -> None:
    parts = SharedParts()
    for i in range(3 * shared_sections.MOST_FORMS):
        parts.of(payload(float(i), 0.5))
    late = parts.of(payload(1e6, 0.5)), parts.of(payload(1e6, 0.5))
    assert late[0]["training"] == late[1]["training"]
    assert late[0]["training"] is not late[1]["training"]
    assert late[0]["task"] is late[1]["task"]
