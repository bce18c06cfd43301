from __future__ import annotations

import hashlib
from typing import Any

import pytest

from densearch import seeds
from service import digest
from service.digest import canonical_json, course_digest, digest_of, training_digest


def test_the_order_of_keys_is_not_part_of_a_value() -> None:
    assert digest_of({"a": 1, "b": [2.5]}) == digest_of({"b": [2.5], "a": 1})
    assert digest_of({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()


def test_the_smallest_difference_of_a_float_is_another_value() -> None:
    assert canonical_json(0.1 + 0.2) != canonical_json(0.3)
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))


def test_a_training_is_named_by_payload_device_and_code(monkeypatch: pytest.MonkeyPatch) -> None:
    name = training_digest({"seed": 1}, device="cpu")
    assert name == training_digest({"seed": 1}, device="cpu")
    assert name != training_digest({"seed": 2}, device="cpu")
    assert name != training_digest({"seed": 1}, device="cuda")
    monkeypatch.setattr(digest, "versions", lambda: {"training": 2})
    assert name != training_digest({"seed": 1}, device="cpu")


def test_seeds_depend_on_every_part_and_nothing_else() -> None:
    expected = int.from_bytes(hashlib.sha256(b"int:0\x1fstr:training").digest()[:4], "big")
    assert seeds.derive(0, "training") == expected
    made = {seeds.derive(job, arm, i) for job in range(10) for arm in "ab" for i in range(10)}
    assert len(made) == 200
    assert seeds.derive(1, 23) != seeds.derive(12, 3)
    assert seeds.derive("1") != seeds.derive(1)


PAYLOAD: dict[str, Any] = {
    "task": {"kind": "denoising"},
    "training": {"epochs": 4, "schedule": "cosine", "precision": "float32", "lr": 0.1},
    "split": "validation",
    "seed": 1,
}


def course(payload: dict[str, Any] = PAYLOAD, **training: object) -> str:
    changed = {**payload, "training": payload["training"] | training}
    return course_digest(changed, device="cpu")


def test_a_cut_training_is_on_the_course_of_the_full_one() -> None:
    assert course(epochs=2, schedule_epochs=4) == course() == course(schedule_epochs=None)
    assert course(epochs=2, schedule="constant") == course(schedule="constant")
    assert course(precision="auto") == course()


def test_what_trains_otherwise_is_on_another_course() -> None:
    others = [
        course(epochs=2),  # its schedule is shortened, too
        course(schedule="constant"),
        course(lr=0.2),
        course({**PAYLOAD, "split": "test"}),
        course({**PAYLOAD, "seed": 2}),
        course({**PAYLOAD, "packed": True}),
        course_digest(PAYLOAD, device="cuda"),
    ]
    assert len({course(), *others}) == 1 + len(others)


def test_a_plug_ins_objective_may_make_what_it_likes_of_the_epochs() -> None:
    own = {**PAYLOAD, "packages": {"densearch.objectives": {"counting": "own 1.0"}}}
    assert course(own, epochs=2, schedule_epochs=4) != course(own)
    network = {**PAYLOAD, "packages": {"densearch.networks": {"timm": "timm 1.0"}}}
    assert course(network, epochs=2, schedule_epochs=4) == course(network)
