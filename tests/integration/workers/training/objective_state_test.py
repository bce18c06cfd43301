"""What a package's objective keeps beyond its generators survives the death of its training."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.extensions.entry_points import PluginError
from tests.support.interrupted import (
    Stores,
    counted,
    facts,
    undisturbed,
    until_killed,
)
from tests.support.plugging import install, used
from workers.training import checkpoint_store
from workers.training.loop import train
from workers.training.packs import is_fusible
from workers.training.task import TrainingTask

# Its batches grow brighter, its loss is in units of the mean so far, its judgement counts itself.
OBJECTIVE = """
    from densearch.plugins import DataInfo, OwnTask

    class Settings(OwnTask):
        form: str = "kept"

    class Plugin:
        title, outputs, section = "Halves", "classes", Settings

        def data_of(self, section):
            return DataInfo(size_px=8, n_outputs=2)

        def build(self, settings, device, training, data_dir):
            import torch
            from torch.nn.functional import cross_entropy
            from densearch.plugins import InputShape, Objective

            form = settings["form"]
            samples = torch.rand((16, 1, 8, 8), generator=torch.Generator().manual_seed(0))
            samples[::2, :, :, :4] += 1.0
            classes = torch.arange(16) % 2

            class Halves(Objective):
                shape, n_outputs = InputShape(1, 8), 2

                def __init__(self):
                    self.mean, self.n_drawn, self.n_judged = torch.ones(()), 0, 0

                def n_batches(self, batch_size):
                    return 4

                def batches(self, batch_size, streams):
                    order = torch.randperm(16, generator=streams.order)
                    for rows in order.split(4):
                        self.n_drawn += 1
                        yield samples[rows] * (1 + self.n_drawn / 9), classes[rows]

                def loss(self, outputs, targets):
                    found = cross_entropy(outputs, targets)
                    self.mean = self.mean.lerp(found.detach(), 0.3)
                    return found / self.mean

                def evaluate(self, network, split, *, thorough):
                    self.n_judged += 1
                    with torch.inference_mode():
                        loss = cross_entropy(network(samples), classes)
                    return {"loss": float(loss), "n_judged": self.n_judged}

            class Keeping(Halves):
                def state_dict(self):
                    kept = {"mean": self.mean, "counts": [self.n_drawn, self.n_judged]}
                    return kept | ({"self": self} if form == "wrong" else {})

                def load_state_dict(self, state):
                    self.mean = state["mean"]
                    self.n_drawn, self.n_judged = state["counts"]

            class Half(Halves):
                state_dict = Keeping.state_dict

            return {"forgetful": Halves, "half": Half}.get(form, Keeping)()

    plugin = Plugin()
"""
N_STEPS = 12


@pytest.fixture(autouse=True)
def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(tmp_path, "plugged-halves", OBJECTIVE, {"densearch.objectives": {"halves": "plugin"}})
    with used(tmp_path, monkeypatch):
        monkeypatch.setattr(checkpoint_store, "REST", 0.0)  # a checkpoint after each step
        yield


def task_of(form: str) -> TrainingTask:
    return TrainingTask(
        task={"kind": "halves", "form": form},
        network={"kind": "small_cnn", "depth": 1, "width": 8, "kernel_size": 3},
        training={
            "optimizer": "adam", "lr": 0.02, "momentum": 0.9, "nesterov": False,
            "weight_decay": 0.0, "batch_size": 4, "epochs": 3,
        },
        phi=None,
        seed=5,
        keep_weights=True,
    )  # fmt: skip


def resumed(form: str, step: int, stores: Stores) -> tuple[object, ...]:
    of, store = task_of(form), stores(f"{form}-{step}")
    until_killed(of, step, store)
    steps, look = counted()
    found = facts(list(train(of, look, store=store)))
    assert len(steps) == N_STEPS - step
    return found


def test_a_killed_training_goes_on_bit_for_bit_with_what_its_objective_keeps(
    tmp_path: Path,
) -> None:
    stores, expected = Stores(tmp_path), undisturbed(task_of("kept"))
    for step in (1, 4, 6, 11, 12):
        assert resumed("kept", step, stores) == expected, step
    assert not stores.said


def test_killed_again_and_again_it_ends_the_same(tmp_path: Path) -> None:
    of, store = task_of("kept"), Stores(tmp_path)()
    for _ in range(5):
        until_killed(of, 2, store)
    assert facts(list(train(of, store=store))) == undisturbed(of)


def test_what_an_objective_does_not_give_is_lost(tmp_path: Path) -> None:
    """The documents say so; were it otherwise, the tests above would prove nothing."""
    assert resumed("forgetful", 6, Stores(tmp_path)) != undisturbed(task_of("forgetful"))


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("half", "has one of state_dict and load_state_dict: it needs both or none"),
        ("wrong", "gives 'self' as a Keeping: give tensors, numbers, texts"),
    ],
)
def test_a_state_that_cannot_be_kept_is_refused(form: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=reason):
        list(train(task_of(form), store=Stores(tmp_path)()))


def test_an_objective_of_a_package_is_trained_on_by_nobody_else() -> None:
    assert not is_fusible(task_of("kept"))
