"""An objective that a package brings trains a network, or is refused for what it gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from service.extensions.entry_points import PluginError
from tests.support.plugging import install, used
from workers.training.loop import train
from workers.training.task import Outcome, Status, TrainingTask

OBJECTIVE = """
    import numpy as np
    from densearch.plugins import DataInfo, OwnTask

    class Settings(OwnTask):
        form: str = "right"

    class Objective:
        title, outputs, section = "Halves", "classes", Settings

        def data_of(self, section):
            return DataInfo(size_px=8, n_outputs=2)

        def build(self, settings, device, training, data_dir):
            import torch
            from densearch.plugins import InputShape, Objective

            form = settings["form"]
            if form == "foreign":
                return object()
            samples = torch.rand((16, 1, 8, 8), generator=torch.Generator().manual_seed(0))
            samples[::2, :, :, :4] += 1.0  # every other sample is bright on its left
            classes = torch.arange(16) % 2
            JUDGEMENTS = {
                "unjudged": None, "unlossed": {"accuracy": 1.0}, "texts": {"loss": "low"},
                "vectors": {"loss": 1.0, "each": np.ones(3)}, "spaced": {"loss": 1.0, "a b": 1.0},
                "torch": {"loss": torch.tensor(0.25), "n_wrong": np.float32(2)},
                "tensors": {"loss": 1.0, "each": torch.ones(3)},
                "endless": {"loss": float("inf")},
            }

            class Halves(Objective):
                shape = InputShape(1 if form != "coloured" else 3, 8)
                n_outputs = 2 if form != "wide" else 3

                def n_batches(self, batch_size):
                    return 0 if form == "uncounted" else 4

                def batches(self, batch_size, streams):
                    if form == "inputs":
                        yield samples
                    for rows in () if form == "none" else torch.arange(16).split(4):
                        yield samples[rows], classes[rows]

                def loss(self, outputs, targets):
                    reduction = "none" if form == "each" else "mean"
                    return torch.nn.functional.cross_entropy(outputs, targets, reduction=reduction)

                def evaluate(self, network, split, *, thorough):
                    if form == "full":
                        raise torch.OutOfMemoryError
                    if form in JUDGEMENTS:
                        return JUDGEMENTS[form]
                    with torch.inference_mode():
                        return {"loss": float(self.loss(network(samples), classes))}

            if form == "shapeless":
                del Halves.shape
            return Halves()

    objective = Objective()
"""


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    entries = {"densearch.objectives": {"halves": "objective"}}
    install(tmp_path, "plugged-halves", OBJECTIVE, entries)
    with used(tmp_path, monkeypatch):
        yield


def outcome(form: str) -> Outcome:
    training: dict[str, Any] = {
        "optimizer": "adam", "lr": 0.05, "momentum": 0.9, "nesterov": False,
        "weight_decay": 0.0, "batch_size": 4, "epochs": 15,
    }  # fmt: skip
    network = {"kind": "small_cnn", "depth": 1, "width": 8, "kernel_size": 3}
    task = {"kind": "halves", "form": form}
    of = TrainingTask(task=task, training=training, network=network, phi=None, seed=5)
    *_, last = train(of)
    assert isinstance(last, Outcome)
    return last


def test_what_it_says_is_learned() -> None:
    found = outcome("right")
    assert found.status is Status.COMPLETED
    assert found.value is not None
    assert found.value < 0.3  # chance is log 2


def test_numbers_of_torch_and_numpy_leave_as_plain_ones() -> None:
    """What a worker reports is stored as JSON by a process that may have no torch."""
    found = outcome("torch")
    assert found.metrics == {"loss": 0.25, "n_wrong": 2.0}
    assert {type(value) for value in (found.value, *found.metrics.values())} == {float}


def test_a_loss_that_is_not_finite_is_a_divergence() -> None:
    assert outcome("endless").status is Status.DIVERGED


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("foreign", r"builds no densearch\.plugins\.Objective"),
        ("shapeless", "sets no shape, an InputShape"),
        ("coloured", "has n_channels 3, its data_of gave 1"),
        ("wide", "has n_outputs 3, its data_of gave 2"),
        ("uncounted", "counts 0 batches of 4: give at least 1"),
        ("inputs", "gives a batch that is no pair of tensors"),
        ("each", "has a loss that is no tensor of one number"),
        ("unjudged", 'judges without a "loss"'),
        ("unlossed", 'judges without a "loss"'),
        ("texts", "gives loss as a str: it must be one number"),
        ("vectors", "gives each as a ndarray: it must be one number"),
        ("tensors", "gives each as a Tensor: it must be one number"),
        ("spaced", "calls a metric 'a b': use letters, digits and _"),
    ],
)
def test_one_that_gives_something_else_is_refused(form: str, reason: str) -> None:
    with pytest.raises(PluginError, match=f"^halves of plugged-halves 1.0 {reason}"):
        outcome(form)


def test_one_without_batches_is_refused() -> None:
    with pytest.raises(ValueError, match="no batch for training"):
        outcome("none")


def test_running_out_of_memory_is_known_as_that() -> None:
    """A pack that finds no room is tried again in halves."""
    with pytest.raises(torch.OutOfMemoryError):
        outcome("full")
