"""What packages bring is built, held to what it says, and trained like what is built in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from service.plugins import PluginError
from tests.integration.training.interrupted import (
    Stores,
    facts,
    killed_at,
    undisturbed,
    until_killed,
)
from tests.plugging import forget, install, use
from workers.training import checkpoint_store
from workers.training.data.registry import labelled_dataset, patch_dataset
from workers.training.loop import train
from workers.training.networks import InputShape, build_network
from workers.training.objectives.base import Batch
from workers.training.objectives.labelled import LabelledObjective
from workers.training.preparation import prepare
from workers.training.streams import Streams
from workers.training.task import Measurement, Outcome, Status, TrainingTask

PARTS = """
    import warnings
    import numpy as np
    from service.datasets.info import DataInfo
    from service.networks import Layer, OwnNetwork

    class Settings(OwnNetwork):
        form: str = "right"
        kernel_size: int = 3

    class Network:
        title, tasks, n_dims, section = "A network", ("classification",), (1, 2), Settings

        def layers(self, section):
            if section.form == "unlisted":
                raise SystemExit(3)
            yield Layer("0", section.kernel_size)
            yield Layer("3", 3)

        def build(self, settings, shape, n_outputs):
            from torch import nn

            form, size = settings["form"], settings["kernel_size"]
            if form == "none":
                return 3
            if form == "broken":
                raise RuntimeError("out of ideas")
            convolution = nn.Conv1d if shape.n_dims == 1 else nn.Conv2d
            size = 5 if form == "other" else size
            first = convolution(shape.n_channels, 4, size, padding="same")
            # A kernel of 2 that the list leaves out: it stays plain.
            cells = convolution(4, 4, 2, stride=2)
            last = nn.Identity() if form == "missing" else convolution(4, 4, 3, padding=1)
            if form == "absent":
                return nn.Sequential(first)
            if form == "hooked":
                with warnings.catch_warnings(action="ignore"):  # it is deprecated, and used
                    last = nn.utils.weight_norm(last)
            if form == "parametrised":
                cells = nn.utils.parametrizations.spectral_norm(cells)
            pool = nn.AdaptiveAvgPool1d(1) if shape.n_dims == 1 else nn.AdaptiveAvgPool2d(1)
            head = nn.Linear(4, n_outputs + (form == "wide"))
            head = nn.LazyLinear(n_outputs) if form == "lazy" else head
            end = [] if form == "long" else [pool, nn.Flatten(), nn.Dropout(0.5), head]
            deep = [convolution(4, 4, 9)] if form == "deep" else []
            return nn.Sequential(first, nn.ReLU(), cells, last, *deep, *end)

    def samples(n, seed, dtype="float32"):
        random = np.random.default_rng(seed)
        return (random.random((n, 2, 12, 12)) * (255 if dtype == "uint8" else 1)).astype(dtype)

    class Set:
        title = "A set"
        info = {
            "classification": DataInfo(n_channels=2, size_px=12, n_outputs=3),
            "multilabel": DataInfo(n_channels=2, size_px=12, n_outputs=2),
            "denoising": DataInfo(n_channels=2, size_px=12, n_outputs=2),
            "image_to_image": DataInfo(n_channels=2, size_px=12, n_outputs=1),
        }
        change = None

        def load(self, task):
            parts = {split: self.part(task, seed)
                     for seed, split in enumerate(("train", "validation", "test"))}
            if self.change is not None:
                self.change(parts)
            return parts

        def part(self, task, seed):
            values = samples(8, seed, "uint8" if task == "denoising" else "float32")
            if task == "classification":
                return values, np.arange(8) % 3
            if task == "multilabel":
                return values, np.stack([np.arange(8) % 2, np.ones(8, int)], axis=1)
            if task == "denoising":
                return list(values)
            return [(value, value[:1]) for value in values]

    network, data = Network(), Set()
"""
ENTRIES = {"densearch.networks": {"parts": "network"}, "densearch.datasets": {"parts": "data"}}
CPU, ROOT = torch.device("cpu"), Path(__file__).parents[3]
PHI = {"0": ((0.5, 0.5, 0.5), (0.5, 1.0, 0.5), (0.5, 0.5, 0.5))}


@pytest.fixture(autouse=True)
def _packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(tmp_path, "plugged-parts", PARTS, ENTRIES)
    use(tmp_path, monkeypatch)
    labelled_dataset.cache_clear()
    patch_dataset.cache_clear()
    yield
    monkeypatch.undo()
    forget()


def network(n_dims: int = 2, **settings: Any) -> nn.Module:
    section = {"kind": "parts", "form": "right", "kernel_size": 3, **settings}
    weights = torch.Generator().manual_seed(0)
    return build_network(section, InputShape(2, 12, n_dims), 3, weights)


def task(**changes: Any) -> TrainingTask:
    network = {"kind": "parts", "form": "right", "kernel_size": 3, **changes.pop("network", {})}
    settings: dict[str, Any] = {
        "task": {"kind": "classification", "dataset": "parts"},
        "training": {
            "optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": False,
            "weight_decay": 0.0, "batch_size": 4, "epochs": 2,
        },
        "phi": PHI,
        "seed": 5,
        "network": network,
    }  # fmt: skip
    return TrainingTask(**{**settings, **changes})


def outcome(of: TrainingTask) -> Outcome:
    *_, last = train(of)
    assert isinstance(last, Outcome)
    return last


# Networks


def test_dropout_goes_on_from_a_checkpoint_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_store, "REST", 0.0)
    batches = LabelledObjective.batches

    def drawing(own: LabelledObjective, batch_size: int, streams: Streams) -> Iterator[Batch]:
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


# Data


@pytest.mark.parametrize("kind", ["classification", "multilabel"])
def test_labelled_samples_are_standardised_by_the_training_split(kind: str) -> None:
    found = labelled_dataset(kind, "parts", CPU)
    assert (found.shape, found.n_outputs) == (
        InputShape(2, 12, 2),
        3 if kind == "classification" else 2,
    )
    ((samples, labels),) = found.splits["train"].batches(8)
    raw = np.random.default_rng(0).random((8, 2, 12, 12)).astype(np.float32)
    mean, deviation = (f(raw, axis=(0, 2, 3), keepdims=True) for f in (np.mean, np.std))
    np.testing.assert_allclose(samples.numpy(), (raw - mean) / deviation, atol=1e-5)
    assert labels.shape == ((8,) if kind == "classification" else (8, 2))


class Streamed:
    """Gives the samples of an array one by one."""

    def __init__(self, values: Sequence[NDArray[Any]] | NDArray[Any]) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> NDArray[Any]:
        found: NDArray[Any] = self.values[index]
        return found


class InOnePlace(Streamed):
    """Gives each in the memory of the one before, as who reads into a buffer does."""

    def __getitem__(self, index: int) -> NDArray[Any]:
        self.place = getattr(self, "place", np.empty_like(self.values[0]))
        self.place[:] = self.values[index]
        return self.place


def streamed(parts: dict[str, Any], kind: type[Streamed] = Streamed) -> None:
    for split, (samples, labels) in parts.items():
        parts[split] = kind(samples), labels


@pytest.mark.parametrize("of", [Streamed, InOnePlace])
@pytest.mark.parametrize("kind", ["classification", "multilabel"])
def test_samples_that_are_streamed_are_those_that_are_held(kind: str, of: type[Streamed]) -> None:
    import plugged_parts  # type: ignore[import-not-found] # made by the fixture

    held = labelled_dataset(kind, "parts", CPU)
    plugged_parts.data.change = partial(streamed, kind=of)
    labelled_dataset.cache_clear()
    found = labelled_dataset(kind, "parts", CPU)
    assert (found.shape, found.n_outputs) == (held.shape, held.n_outputs)
    for split in ("train", "validation", "test"):
        order = (torch.Generator().manual_seed(3) for _ in range(2))
        batches = [
            data.splits[split].epoch(3, own, flips=False)
            for data, own in zip((found, held), order, strict=True)
        ]
        for ours, theirs in zip(*batches, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_patches_of_samples_that_are_streamed_are_those_that_are_held() -> None:
    import plugged_parts

    def ragged(parts: dict[str, Any]) -> None:
        for part in parts.values():
            part[2] = np.concatenate([part[2], part[3]], axis=1)

    def streamed_lists(parts: dict[str, Any]) -> None:
        ragged(parts)
        for split, part in parts.items():
            parts[split] = Streamed(part)

    drawn = []
    for change in (ragged, streamed_lists):
        plugged_parts.data.change = change
        patch_dataset.cache_clear()
        found = patch_dataset("denoising", "parts", CPU)
        order = torch.Generator().manual_seed(0)
        drawn.append([*found.splits["train"].batches(40, 8, 10, order), *found.crops])
    for (held,), (ours,) in zip(*drawn, strict=True):
        torch.testing.assert_close(ours, held)


def late_nan(parts: dict[str, Any]) -> None:
    parts["validation"][0][5, 0, 0, 0] = np.nan
    streamed(parts)


def late_size(parts: dict[str, Any]) -> None:
    samples, labels = parts["validation"]
    parts["validation"] = Streamed([*samples[:5], samples[5][:, :, :-1], *samples[6:]]), labels


def few_labels(parts: dict[str, Any]) -> None:
    streamed(parts)
    samples, labels = parts["train"]
    parts["train"] = samples, labels[:-1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (late_nan, "validation: array 5 has values that are not finite"),
        (late_size, "validation: sample 5 is smaller than the 12 px"),
        (few_labels, r"train: labels have the shape \(7,\) beside 8 samples"),
    ],
)
def test_a_streamed_sample_that_is_not_what_the_set_tells_ends_the_training(
    change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    import plugged_parts

    plugged_parts.data.change = change
    with pytest.raises(PluginError, match=f"parts of plugged-parts 1.0, {reason}"):
        outcome(task())


def test_the_documents_streamed_set_is_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "own-networks.md").read_text(encoding="utf-8")
    (example,) = [
        of for of in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Waves" in of
    ]
    small = example.replace("1_000_000", "600")
    assert small != example
    (tmp_path / "more").mkdir()
    install(tmp_path / "more", "plugged-waves", small, {"densearch.datasets": {"waves": "waves"}})
    use(tmp_path / "more", monkeypatch)
    training = {**task().training, "batch_size": 64}
    ours = {"kind": "small_cnn", "depth": 1, "width": 8, "kernel_size": 3}
    section = {"kind": "classification", "dataset": "waves"}
    found = outcome(task(task=section, network=ours, phi=None, training=training))
    assert found.metrics["accuracy"] > 0.9


def test_patches_of_bytes_are_brought_to_one() -> None:
    found = patch_dataset("denoising", "parts", CPU)
    ((crops,),) = found.splits["train"].crops()
    raw = (np.random.default_rng(0).random((8, 2, 12, 12)) * 255).astype(np.uint8)
    np.testing.assert_allclose(crops.numpy(), raw / np.float32(255), atol=1e-6)


def test_pairs_keep_their_places() -> None:
    found = patch_dataset("image_to_image", "parts", CPU)
    generator = torch.Generator().manual_seed(0)
    inputs, targets = next(iter(found.splits["train"].batches(4, 4, 6, generator)))
    assert torch.equal(inputs[:, :1], targets)
    assert found.n_channels == (2, 1)


def test_a_packed_network_of_ours_takes_its_data() -> None:
    ours = {"kind": "small_cnn", "depth": 1, "width": 4, "kernel_size": 3}
    items = list(train(task(network=ours, phi=None)))
    assert [item.epoch for item in items if isinstance(item, Measurement)] == [1, 2]


def empty(parts: dict[str, Any]) -> None:
    del parts["test"]


def of_doubles(parts: dict[str, Any]) -> None:
    samples, labels = parts["validation"]
    parts["validation"] = samples.astype(np.float64), labels


def not_finite(parts: dict[str, Any]) -> None:
    parts["train"][0][3, 0, 0, 0] = np.nan


def out_of_range(parts: dict[str, Any]) -> None:
    parts["train"][1][2] = 3


def too_few_labels(parts: dict[str, Any]) -> None:
    samples, labels = parts["train"]
    parts["train"] = samples, labels[:-1]


def grey(parts: dict[str, Any]) -> None:
    samples, labels = parts["train"]
    parts["train"] = samples[:, :1], labels


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (empty, "test: there are no samples"),
        (of_doubles, "validation: array 0 is of float64: give uint8 or float32"),
        (not_finite, "train: array 3 has values that are not finite"),
        (out_of_range, "train: labels are not whole numbers from 0 to 2"),
        (too_few_labels, r"train: labels have the shape \(7,\) beside 8 samples"),
        (grey, r"train: sample 0 has the shape \(1, 12, 12\), but the set tells 2 channels"),
    ],
)
def test_data_that_are_not_what_they_tell_are_refused(
    change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    import plugged_parts

    plugged_parts.data.change = change
    with pytest.raises(PluginError, match=f"parts of plugged-parts 1.0, {reason}"):
        labelled_dataset("classification", "parts", CPU)


@pytest.mark.parametrize("given", [None, [], 3])
def test_data_that_are_no_mapping_are_refused(given: object) -> None:
    import plugged_parts

    plugged_parts.data.load = lambda _task: given
    with pytest.raises(PluginError, match="not a mapping from splits to samples"):
        labelled_dataset("classification", "parts", CPU)


NONE = np.zeros((0, 2, 12, 12), np.float32)
RAGGED = [np.zeros((2, 12, 12)), np.zeros((2, 13, 13))]


@pytest.mark.parametrize(
    ("kind", "part", "reason"),
    [
        ("classification", None, "train: there are no samples"),
        ("classification", ([], [], []), "train: give it as (samples, labels)"),
        ("classification", 3, "train: give it as (samples, labels)"),
        ("classification", (NONE, np.zeros(0, int)), "train: there are no samples"),
        ("classification", (None, None), "train: its samples are no array"),
        ("classification", (RAGGED, [0, 1]), "fails at giving arrays, train: ValueError"),
        ("denoising", [], "train: there are no samples"),
        ("denoising", 3, "train: give it as a list of samples"),
        ("denoising", [None], "train: sample 0 has the shape ()"),
        ("image_to_image", [3], "train: sample 0 is no pair of an input and a target"),
        ("image_to_image", [(None, None)], "train: sample 0 has the shape ()"),
    ],
)
def test_data_of_another_form_are_refused(kind: str, part: object, reason: str) -> None:
    import plugged_parts

    plugged_parts.data.load = lambda _task: dict.fromkeys(("train", "validation", "test"), part)
    find = labelled_dataset if kind == "classification" else patch_dataset
    with pytest.raises(PluginError, match=re.escape(reason)):
        find(kind, "parts", CPU)


def test_targets_of_another_size_are_refused() -> None:
    import plugged_parts

    def cut(parts: dict[str, Any]) -> None:
        parts["train"][1] = (parts["train"][1][0], parts["train"][1][1][:, 1:])

    plugged_parts.data.change = cut
    with pytest.raises(PluginError, match=r"train: target 1 has the shape \(1, 11, 12\) beside"):
        patch_dataset("image_to_image", "parts", CPU)


@pytest.mark.parametrize("kind", ["classification", "denoising"])
def test_an_unknown_set_is_named(kind: str) -> None:
    find = labelled_dataset if kind == "classification" else patch_dataset
    with pytest.raises(PluginError, match="no package here registers 'cats'"):
        find(kind, "cats", CPU)
