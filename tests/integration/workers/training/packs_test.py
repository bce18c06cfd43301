"""Candidates trained as packs: each as if the others were not there, in every bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from tests.support.packs import (
    PHANTOMS,
    RESNET,
    SMALL_DENOISING,
    UNET,
    VGG,
    WAVEFORMS,
    densities,
    facts,
    outer,
    scarce,
    train,
)
from tests.support.trainings import DIGITS, DNCNN, SMALL_CNN, run, task
from workers.training import packs
from workers.training.forward import Precision
from workers.training.fusion import FusedForward
from workers.training.preparation import Prepared
from workers.training.task import Candidate, EpochMeasurement, Status

LEARNING = {
    "family": "power",
    "groups": [
        {
            "name": "",
            "kernel_size": 3,
            "layers": ["features.0.0"],
            "start": [1.5, 2.0],
            "bounds": [[0.5, 6.0], [0.5, 8.0]],
        }
    ],
    "lr_factor": 1.0,
}


@pytest.mark.parametrize(
    ("section", "network", "precision"),
    [
        (DIGITS, SMALL_CNN, "float32"),
        (DIGITS, SMALL_CNN, "bfloat16"),
        (DIGITS, VGG, "float32"),
        (DIGITS, RESNET, "float32"),
        (SMALL_DENOISING, DNCNN, "bfloat16"),
        pytest.param(DIGITS, VGG, "bfloat16", marks=pytest.mark.slow),
        pytest.param(DIGITS, RESNET, "bfloat16", marks=pytest.mark.slow),
        pytest.param(SMALL_DENOISING, DNCNN, "float32", marks=pytest.mark.slow),
    ],
)
def test_a_candidate_owes_nothing_to_its_neighbours_its_place_and_their_number(
    section: dict[str, Any], network: dict[str, Any], precision: str
) -> None:
    # The last batch has one sample: digits are 3 x 359 + 1.
    batch_size = 359 if section is DIGITS else 95
    training = {"epochs": 1, "batch_size": batch_size, "precision": precision}
    tasks = [
        task(section, network=network, phi=phi, training=training, keep_weights=True)
        for phi in densities(5)
    ]
    whole = [facts(told) for told in train(tasks)]
    assert len({repr(own) for own in whole}) == 5
    for chosen in ([3], [4, 1], [4, 3, 2, 1, 0]):  # three: joint_test.py
        part = train([tasks[index] for index in chosen])
        assert [facts(told) for told in part] == [whole[index] for index in chosen]


@pytest.mark.parametrize(
    ("section", "network", "n_dims"), [(WAVEFORMS, SMALL_CNN, 1), (PHANTOMS, DNCNN, 3)]
)
def test_signals_and_volumes_owe_nothing_to_their_neighbours_either(
    section: dict[str, Any], network: dict[str, Any], n_dims: int
) -> None:
    alphas = [(0.5, 1.0, 0.7), (1.2, 1.0, 0.4)]
    tasks = [
        task(section, network=network, phi=outer(alpha, n_dims), training={"epochs": 1})
        for alpha in alphas
    ]
    together = [facts(told) for told in train(tasks)]
    assert together[0] != together[1]
    assert together == [facts(train([own])[0]) for own in tasks]
    alone = run(tasks[0])[1].value
    assert together[0][2] == pytest.approx(alone, rel=1e-3)


def test_each_has_its_own_optimizer_schedule_and_length() -> None:
    settings: list[dict[str, Any]] = [
        {"lr": 0.01, "clip_norm": 0.5},
        {"optimizer": "adamw", "lr": 0.01, "epochs": 3},
        {"schedule": "cosine", "epochs": 1, "nesterov": True},
    ]
    tasks = [task(DIGITS, training=own | {"drop_last": True}) for own in settings]
    together = [facts(told) for told in train(tasks)]
    assert together == [facts(train([own])[0]) for own in tasks]
    for own, told in zip(tasks, train(tasks), strict=True):
        assert len(told) == own.training["epochs"] + 1
        assert told[-1].value == pytest.approx(run(own)[1].value, rel=1e-3)


def test_a_pack_agrees_with_single_trainings_as_they_do_in_another_layout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tasks = [task(DIGITS, phi=phi) for phi in densities(4)]
    values = {"single": [run(own)[1].value for own in tasks]}
    values["pack"] = [told[-1].value for told in train(tasks)]
    monkeypatch.setattr(
        "workers.training.forward.lay_out", lambda samples, _: samples.contiguous()
    )
    monkeypatch.setattr("workers.training.preparation.place_network", lambda *_: None)
    values["layout"] = [run(own)[1].value for own in tasks]
    single = np.array(values["single"], dtype=float)
    apart = {k: np.abs(np.array(values[k], dtype=float) / single - 1).max() for k in values}
    assert 0 < apart["layout"] < 1e-3
    assert apart["pack"] < 1e-3


def test_one_that_diverges_leaves_the_pack() -> None:
    sound = [task(DIGITS, phi=phi) for phi in densities(3)]
    wild = [task(DIGITS, training={"lr": lr}) for lr in (1e30, 50.0)]
    told = train([wild[0], sound[0], sound[1], wild[1], sound[2]])
    assert [t[-1].status for t in (told[0], told[3])] == [Status.DIVERGED] * 2
    expected = [facts(t) for t in train(sound)]
    assert [facts(told[index]) for index in (1, 2, 4)] == expected


def test_one_that_is_stopped_or_pruned_leaves_the_pack() -> None:
    tasks = [task(DIGITS, phi=phi, training={"epochs": 3}) for phi in densities(4)]
    looks = iter([False] * 40 + [True])
    told = train(
        [
            Candidate(tasks[0], lambda: next(looks)),
            Candidate(tasks[1]),
            Candidate(tasks[2], stop_above=(math.inf, 1e-9)),
            Candidate(tasks[3], stop_above=(math.inf, math.inf)),
        ]
    )
    assert told[0][-1].status is Status.CANCELLED
    assert told[2][-1].status is Status.PRUNED
    assert [len(t) for t in told] == [2, 4, 3, 4]
    expected = train([tasks[1], tasks[3]])
    assert [facts(told[1]), facts(told[3])] == [facts(t) for t in expected]


def test_those_that_cannot_be_packed_have_their_turn() -> None:
    alone = [
        task(DIGITS, phi=None, gradient=LEARNING),
        task(DIGITS, network={**SMALL_CNN, "width": 6}),
        task(SMALL_DENOISING, network=UNET),
    ]
    told = train([task(DIGITS), *alone])
    for own, items in zip(alone, told[1:], strict=True):
        measurements, outcome = run(own)
        assert facts(items) == facts([*measurements, outcome])


def test_an_error_ends_the_candidate_that_raised_it() -> None:
    tasks = [task(DIGITS, phi=phi) for phi in densities(2)]
    misfit = task(DIGITS, phi=((0.5,) * 5,) * 5)
    told = train([tasks[0], misfit, tasks[1]])
    (error,) = told[1]
    assert isinstance(error, ValueError)
    assert "has a kernel of shape" in str(error)
    assert [facts(told[0]), facts(told[2])] == [facts(t) for t in train(tasks)]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
@pytest.mark.parametrize("n_forwards", [0, 5])
def test_what_finds_no_memory_is_trained_in_halves(
    monkeypatch: pytest.MonkeyPatch, error: Exception, n_forwards: int
) -> None:
    tasks = [task(DIGITS, phi=phi) for phi in densities(5)]
    expected = [facts(told) for told in train(tasks)]
    monkeypatch.setattr(packs, "FusedForward", scarce(2, error, n_forwards))
    assert [facts(told) for told in train(tasks)] == expected


def test_no_epoch_is_told_twice_when_memory_runs_out_late(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [task(DIGITS, phi=phi) for phi in densities(3)]
    expected = [facts(told) for told in train(tasks)]
    error = torch.OutOfMemoryError("CUDA out of memory")

    made: list[FusedForward] = []

    def forward_of(candidates: Sequence[Prepared], precision: Precision) -> FusedForward:
        made.append(scarce(2, error, 0 if len(made) == 1 else 10**6)(candidates, precision))
        return made[-1]

    monkeypatch.setattr(packs, "FusedForward", forward_of)
    told = train(tasks)
    assert [facts(t) for t in told] == expected
    assert [[m.epoch for m in t if isinstance(m, EpochMeasurement)] for t in told] == [[1, 2]] * 3


def test_one_alone_that_finds_no_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    error = torch.OutOfMemoryError("CUDA out of memory")
    monkeypatch.setattr(packs, "FusedForward", scarce(0, error, 0))
    assert train([task(DIGITS), task(DIGITS, phi=None)]) == [[error], [error]]
