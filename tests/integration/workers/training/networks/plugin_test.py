"""What packages bring is built, held to what it says, and trained like what is built in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from densearch.plugins.objective import Batch, Generators
from service.extensions.entry_points import PluginError
from tests.support.interrupted import (
    Stores,
    facts,
    killed_at,
    undisturbed,
    until_killed,
)
from tests.support.plugged_parts import (
    PHI,
    network,
    outcome,
    parts_installed,
    task,
)
from workers.training import checkpoint_store
from workers.training.loop import train
from workers.training.objectives.labelled import LabelledObjective
from workers.training.preparation import prepare
from workers.training.task import Status


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with parts_installed(tmp_path, monkeypatch):
        yield


def test_dropout_goes_on_from_a_checkpoint_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_store, "REST", 0.0)
    batches = LabelledObjective.batches

    def drawing(own: LabelledObjective, batch_size: int, streams: Generators) -> Iterator[Batch]:
        """Draw from dropout's generator for each batch, as a plug-in's objective may."""
        for batch in batches(own, batch_size, streams):
            torch.rand(3)
            yield batch

    monkeypatch.setattr(LabelledObjective, "batches", drawing)
    of, keeper = task(), Stores(tmp_path / "kept")()
    keeper.folder.mkdir()
    until_killed(of, 3, keeper)
    torch.rand(7)  # from the generator that dropout draws from
    assert facts(list(train(of, killed_at(1), store=keeper))) == undisturbed(of)


def test_its_listed_layers_carry_the_density_and_the_others_stay_plain() -> None:
    both = {"0": PHI["0"], "3": PHI["0"]}
    prepared, plain = prepare(task(phi=both)).network, prepare(task(phi=None)).network
    for name, factor in (("0", 0.5), ("2", 1.0), ("3", 0.5)):
        weighted = prepared.get_submodule(name).get_parameter("weight")
        unweighted = plain.get_submodule(name).get_parameter("weight")
        assert torch.equal(weighted[..., 0, 0], factor * unweighted[..., 0, 0]), name


def test_a_training_is_a_function_of_its_seed_dropout_included() -> None:
    first = outcome(task())
    torch.rand(3)  # whatever else draws from torch's own generator
    assert first.status is Status.COMPLETED
    again, other = outcome(task()), outcome(task(seed=6))
    assert (again.value, again.curve) == (first.value, first.curve)
    assert other.value != first.value


def test_a_gradient_density_is_learned_on_its_layers() -> None:
    group = {"name": "", "layers": ["0", "3"], "kernel_size": 3, "start": [1.0]}
    gradient = {
        "family": "symmetric",
        "lr_factor": 1.0,
        "groups": [{**group, "bounds": [[0.1, 2.0]]}],
    }
    learned = outcome(task(phi=None, gradient=gradient)).learned
    assert learned is not None
    assert learned["groups"][""] != [1.0]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"form": "none"}, "builds a int for parts, no nn.Module"),
        ({"form": "broken"}, "fails at building the network: RuntimeError: out of ideas"),
        ({"form": "other"}, r"layer '0' has a kernel of shape \(5, 5\), not \(3, 3\)"),
        ({"form": "missing"}, "layer '3' is a Identity, not a convolution"),
        ({"form": "absent"}, "is not what it lists: layer '3' is missing$"),
        ({"form": "lazy"}, "'7.weight' has no size yet: use no lazy modules"),
        # Its weight is computed from others before each pass: a density put on it would be lost.
        ({"form": "hooked"}, "the weight of '3' is computed from others, as weight_norm"),
        ({"form": "parametrised"}, "the weight of '2' is computed from others, as weight_norm"),
        ({"form": "unlisted"}, "fails at listing its layers: SystemExit: 3"),
    ],
)
def test_a_network_that_is_not_what_it_lists_is_refused(
    settings: Mapping[str, Any], reason: str
) -> None:
    with pytest.raises(PluginError, match=reason):
        network(**settings)


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("wide", r"answers in the shape \(2, 4\) to 2 samples of \(2, 12, 12\).* needs \(2, 3\)"),
        ("long", r"answers in the shape \(2, 4, 6, 6\)"),
        ("deep", r"fails on samples of shape \(2, 12, 12\)"),
    ],
)
def test_a_network_that_does_not_fit_its_task_is_refused_before_training(
    form: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        outcome(task(network={"form": form}))


def test_a_network_of_several_axes_is_held_to_their_kernels() -> None:
    assert isinstance(network(n_dims=1), nn.Module)


def test_a_trial_described_with_another_version_is_refused() -> None:
    wanted = {"densearch.networks": {"parts": "plugged-parts 9"}}
    with pytest.raises(PluginError, match=r"plugged-parts 9 .* plugged-parts 1.0"):
        outcome(task(packages=wanted))
    same = {"densearch.networks": {"parts": "plugged-parts 1.0"}}
    assert outcome(task(packages=same)).status is Status.COMPLETED
