"""What trainings on a GPU promise; run by hand where there is one: pytest -m gpu."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load
from torch import Tensor

from tests.support.interrupted import (
    CASES,
    Stores,
    counted,
    undisturbed,
    until_killed,
)
from tests.support.interrupted import facts as checkpoint_facts
from tests.support.packs import (
    PHANTOMS,
    RESNET,
    SMALL_DENOISING,
    UNET,
    VGG,
    WAVEFORMS,
    densities,
    facts,
    train,
)
from tests.support.stored_images import store
from tests.support.trainings import DIGITS, DNCNN, SMALL_CNN, learning, run, task
from workers.training import checkpoint_store, loop
from workers.training.calibration import calibrate
from workers.training.data import registry
from workers.training.devices import has_fast_bfloat16
from workers.training.engines import NoEngineError
from workers.training.forward import Precision, autocast, products
from workers.training.machine import prepare_machine
from workers.training.memory import MemoryPeak
from workers.training.networks.layers import CONVOLUTIONS
from workers.training.packs import is_out_of_memory
from workers.training.task import Status

DEVICE = "cuda"
NAFNET = {"kind": "nafnet", "depth": 1, "n_stages": 2, "width": 8, "kernel_size": 3}
MOSAICS = {"kind": "multilabel", "dataset": "mosaics"}
ADAM = {"optimizer": "adamw", "lr": 0.003, "clip_norm": 0.5, "epochs": 1}
MOVED = {"augmentation": {"flip": True, "crop_padding_px": 1}, "epochs": 1}

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.fixture
def _little_room() -> Iterator[None]:
    """Leave torch a thousandth of the device."""
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(0.001)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


@pytest.mark.parametrize(
    ("section", "network", "changes"),
    [
        (DIGITS, SMALL_CNN, {"training": MOVED}),
        (DIGITS, VGG, {"training": {**ADAM, "precision": "bfloat16"}}),
        (DIGITS, RESNET, {"training": {"epochs": 1, "label_smoothing": 0.1}}),
        (MOSAICS, SMALL_CNN, {"training": {"epochs": 1}}),
        (WAVEFORMS, SMALL_CNN, {"phi": (0.5, 1.0, 0.5), "training": {"epochs": 1}}),
        (PHANTOMS, DNCNN, {"phi": None, "training": {"epochs": 1}}),
        (SMALL_DENOISING, DNCNN, {"training": ADAM}),
        (SMALL_DENOISING, UNET, {"training": {"epochs": 1, "precision": "bfloat16"}}),
        (SMALL_DENOISING, NAFNET, {"training": {"epochs": 1}}),
        (
            DIGITS,
            SMALL_CNN,
            {"phi": None, "gradient": learning(SMALL_CNN), "training": {"epochs": 1}},
        ),
    ],
)
def test_trainings_are_the_same_in_every_bit(
    section: dict[str, Any], network: dict[str, Any], changes: dict[str, Any]
) -> None:
    own = task(section, network=network, device=DEVICE, keep_weights=True, **changes)
    first, second = (run(own) for _ in range(2))
    assert first[1].status is Status.COMPLETED
    assert facts([*first[0], first[1]]) == facts([*second[0], second[1]])
    assert first[1].training_s > 0


def test_it_is_the_training_of_a_cpu_to_rounding() -> None:
    """Initial weights and the order of samples are drawn on the CPU for either."""
    there, here = (
        run(task(DIGITS, device=device, keep_weights=True, training={"epochs": 1}))[1]
        for device in (DEVICE, "cpu")
    )
    assert there.value == pytest.approx(here.value, rel=1e-3)
    assert there.weights is not None
    assert here.weights is not None
    expected = load(here.weights)
    for name, tensor in load(there.weights).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-2, atol=1e-3)


def test_a_divergence_is_seen_though_losses_are_looked_at_rarely() -> None:
    measurements, outcome = run(task(DIGITS, device=DEVICE, training={"lr": 1e30}))
    assert (outcome.status, measurements) == (Status.DIVERGED, [])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("section", "network"), [(DIGITS, SMALL_CNN), (SMALL_DENOISING, DNCNN)])
def test_packs_agree_with_single_trainings(
    section: dict[str, Any], network: dict[str, Any], precision: str
) -> None:
    training = {"epochs": 1, "lr": 0.01, "precision": precision}
    tasks = [
        task(section, network=network, phi=phi, training=training, device=DEVICE)
        for phi in densities(5)
    ]
    together = train(tasks)
    assert [facts(told) for told in together] == [facts(told) for told in train(tasks)]
    alone = np.array([run(own)[1].value for own in tasks], dtype=float)
    packed = np.array([told[-1].value for told in together], dtype=float)
    np.testing.assert_allclose(packed, alone, rtol=1e-3 if precision == "float32" else 3e-2)


def test_one_that_diverges_harms_no_other() -> None:
    sound = [task(DIGITS, phi=phi, device=DEVICE) for phi in densities(3)]
    wild = task(DIGITS, training={"lr": 1e30}, device=DEVICE)
    *told, last = train([*sound, wild])
    assert last[-1].status is Status.DIVERGED
    expected = [items[-1].value for items in train(sound)]
    assert [items[-1].value for items in told] == pytest.approx(expected, rel=1e-3)


def test_auto_takes_bfloat16_where_the_device_has_it() -> None:
    own = task(DIGITS, device=DEVICE, training={"precision": "auto", "lr": 0.01})
    has_it = has_fast_bfloat16(torch.device(DEVICE))
    assert run(own)[1].precision == ("bfloat16" if has_it else "float32")


@pytest.mark.usefixtures("_little_room")
def test_what_finds_no_room_says_so_and_leaves_none_taken() -> None:
    wide = {**SMALL_CNN, "width": 512, "depth": 4}
    before = torch.cuda.memory_reserved()
    (told,) = train([task(DIGITS, network=wide, device=DEVICE, training={"batch_size": 1024})])
    assert isinstance(told[-1], Exception)
    assert is_out_of_memory(told[-1])
    del told
    torch.cuda.set_per_process_memory_fraction(1.0)
    assert torch.cuda.memory_reserved() <= before + 2**26
    assert run(task(DIGITS, device=DEVICE))[1].status is Status.COMPLETED


def test_the_peak_is_that_of_the_training_alone() -> None:
    size = 2**28
    held = torch.ones(size, dtype=torch.uint8, device=DEVICE)
    del held
    peak = MemoryPeak(torch.device(DEVICE))
    assert peak.bytes() < size
    held = torch.ones(size, dtype=torch.uint8, device=DEVICE)
    del held
    assert peak.bytes() >= size


def test_a_training_is_timed_on_its_device() -> None:
    found = calibrate(task(DIGITS, device=DEVICE), (1, 4))
    assert found.device == torch.cuda.get_device_name()
    assert list(found.pack_epoch_s) == [1, 4]
    assert found.peak_memory_bytes > 0


def test_a_set_read_from_its_file_is_that_which_lies_on_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (90, 1, 12, 12), dtype=np.uint8)
    name = store(tmp_path, images, labels=np.arange(90) % 3, classes=("a", "b", "c"))
    own = task({"kind": "classification", "dataset": name}, device=DEVICE, data_dir=str(tmp_path))
    values = []
    for held_bytes in (2**30, 0):
        monkeypatch.setattr(registry, "held_bytes_on", lambda _, n=held_bytes: n)
        registry.labelled_dataset.cache_clear()
        values.append(run(own)[1].value)
    assert values[0] == values[1]


@pytest.mark.parametrize(
    ("n_dims", "groups", "size"), [(2, 1, 5), (2, 16, 5), (2, 16, 31), (3, 1, 5), (3, 16, 5)]
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_deterministic_convolutions_find_an_engine_or_say_so(
    n_dims: int, groups: int, size: int, precision: Precision
) -> None:
    """Weight gradients of large, grouped and volume kernels have few deterministic algorithms."""
    prepare_machine()
    device = torch.device(DEVICE)
    kind = CONVOLUTIONS[n_dims]
    layer = kind(16, 16, size, padding=size // 2, groups=groups).to(device)
    side = 64 if n_dims == 2 else 16
    inputs = torch.randn(4, 16, *(side,) * n_dims, device=device, requires_grad=True)

    def gradient() -> Tensor:
        layer.zero_grad()
        with products(precision):
            with autocast(device, precision):
                outputs = layer(inputs)
            outputs.float().square().mean().backward()
        assert layer.weight.grad is not None
        return layer.weight.grad.clone()

    # In float32 there has to be one.
    with suppress(NoEngineError) if precision == "bfloat16" else nullcontext():
        assert torch.equal(gradient(), gradient())


def test_memory_is_kept_for_a_training_of_the_same_shape_alone() -> None:
    own = task(DIGITS, device=DEVICE, training={"epochs": 1})
    run(own)
    kept = torch.cuda.memory_reserved()
    mallocs = torch.cuda.memory_stats()["num_device_alloc"]
    run(own)
    assert torch.cuda.memory_reserved() == kept
    assert torch.cuda.memory_stats()["num_device_alloc"] == mallocs
    run(replace(own, network={**SMALL_CNN, "width": 8}))
    assert torch.cuda.memory_stats()["num_device_free"] > 0


@pytest.mark.parametrize("name", ["sgd", "adamw", "bfloat16", "batch-norm", "learned"])
def test_a_killed_training_goes_on_bit_for_bit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_store, "REST", 0.0)
    of, keeper = replace(CASES[name], device=DEVICE), Stores(tmp_path)(device=DEVICE)
    until_killed(of, 5, keeper)
    steps, look = counted()
    told = list(loop.train(of, look, store=keeper))
    assert checkpoint_facts(told) == undisturbed(of)
    assert len(steps) < 8
