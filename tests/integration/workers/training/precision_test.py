"""Trainings in bfloat16, and the check that allows them."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
import torch
from safetensors.torch import load
from torch.nn import functional

from tests.support.trainings import DIGITS, PHI, TEXTURES, run, task
from workers.training import precision
from workers.training.forward import PlainForward, Precision, tf32
from workers.training.precision import difference, precision_of
from workers.training.preparation import prepare
from workers.training.stepping import step

CPU = torch.device("cpu")


def asking(wanted: str, **training: Any) -> Any:  # noqa: ANN401 - a task
    return task(DIGITS, training={"precision": wanted, **training}, keep_weights=True)


def test_bfloat16_learns_what_float32_learns_with_weights_of_float32() -> None:
    exact, quick = (run(asking(wanted))[1] for wanted in ("float32", "bfloat16"))
    assert (exact.precision, quick.precision) == ("float32", "bfloat16")
    assert exact.value != quick.value
    assert quick.value == pytest.approx(exact.value, rel=0.05)
    assert quick.weights is not None
    assert {tensor.dtype for tensor in load(quick.weights).values()} == {torch.float32}
    assert run(asking("bfloat16"))[1].weights == quick.weights


def test_a_training_that_asks_for_nothing_is_in_float32() -> None:
    assert run(task(DIGITS))[1].precision == "float32"
    with pytest.raises(ValueError, match="unknown precision 'half'"):
        precision_of(asking("half"))


@pytest.mark.parametrize(
    ("is_fast", "apart", "expected"),
    [(True, 0.0, "bfloat16"), (True, 0.021, "float32"), (False, 0.0, "float32")],
)
def test_auto_is_bfloat16_where_the_device_is_faster_in_it_and_the_check_passes(
    monkeypatch: pytest.MonkeyPatch, is_fast: bool, apart: float, expected: str
) -> None:
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda _: is_fast)
    monkeypatch.setattr(precision, "difference", lambda _: apart)
    assert precision_of(asking("auto")) == expected


def test_tf32_is_float32_on_a_cpu_and_says_so() -> None:
    assert precision_of(asking("tf32")) == "float32"
    (_, quick), (_, exact) = (run(asking(wanted)) for wanted in ("tf32", "float32"))
    assert (quick.value, quick.precision) == (exact.value, "float32")


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 5), "float32"), ((8, 0), "tf32"), ((9, 0), "tf32")]
)
def test_tf32_is_of_gpus_that_have_it(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert precision_of(replace(asking("tf32"), device="cuda")) == expected


def test_a_step_in_tf32_allows_it_forward_and_backward_and_no_longer() -> None:
    own = asking("tf32")
    parts = prepare(own)
    seen: list[tuple[bool, bool]] = []

    def look(*_: object) -> None:
        matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
        seen.append((matmul.allow_tf32, cudnn.allow_tf32))

    network = parts.network.train()
    network.register_forward_hook(look)
    next(network.parameters()).register_hook(look)  # type: ignore[no-untyped-call]
    inputs, targets = next(iter(parts.objective.batches(8, parts.generators)))
    precisions: tuple[Precision, Precision] = ("tf32", "float32")
    for wanted in precisions:
        step(PlainForward([parts], wanted), inputs, targets, 1)
        look()
    allowed, forbidden = (True, True), (False, False)
    assert seen == [allowed, allowed, forbidden, *[forbidden] * 3]
    with pytest.raises(RuntimeError, match="in between"), tf32():
        raise RuntimeError("in between")
    look()
    assert seen[-1] == forbidden


def test_the_check_asks_for_no_density() -> None:
    weighted, plain = (task(DIGITS, phi=phi) for phi in (PHI, None))
    assert difference(weighted) == difference(plain)
    assert 0 < difference(plain) < precision.TOLERANCE


def test_the_check_is_the_difference_of_two_trainings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the losses of steps 9 to 16, against a loop written out here."""

    class Blank(PlainForward):
        """Gives every class the same chance in bfloat16: a loss of log 10 throughout."""

        def outputs(self, inputs: torch.Tensor) -> torch.Tensor:
            factor = 0.0 if self.precision == "bfloat16" else 1.0
            found: torch.Tensor = factor * self._network(inputs)
            return found

    own = task(DIGITS, seed=12, phi=None)
    parts, losses = prepare(own), []
    for images, labels in islice(parts.objective.batches(32, parts.generators), 16):
        loss = functional.cross_entropy(parts.network(images), labels)
        parts.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        parts.optimizer.step()
        losses.append(loss.item())
    exact = sum(losses[8:]) / 8
    monkeypatch.setattr(precision, "PlainForward", Blank)
    assert difference(own) == pytest.approx(abs(math.log(10) - exact) / exact, rel=1e-4)


def test_the_check_takes_its_steps_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long epoch it reads the first steps, of short ones as many as it needs."""
    taken: list[int] = []

    def counted(forward: Any, inputs: Any, targets: Any, number: int) -> Any:  # noqa: ANN401 - as the original
        taken.append(len(inputs))
        return step(forward, inputs, targets, number)

    monkeypatch.setattr(precision, "step", counted)
    difference(task(DIGITS, seed=13, training={"batch_size": 8}))
    assert taken == [8] * 2 * precision.CHECKED_STEPS
    taken.clear()
    difference(task(DIGITS, seed=13, training={"batch_size": 500}))
    # Three batches an epoch, the third with what is left of 1,078 samples.
    assert taken == [*[500, 500, 78] * 5, 500] * 2


@pytest.mark.parametrize(
    ("seed", "exact", "quick", "expected"),  # a difference is computed once for each seed
    [
        (901, 2.0, 1.5, 0.25),
        (902, -2.0, -1.5, 0.25),
        (903, 0.0, 0.1, math.inf),
        (904, math.nan, 1.0, math.inf),
    ],
)
def test_losses_of_any_sign_have_a_distance(
    monkeypatch: pytest.MonkeyPatch, seed: int, exact: float, quick: float, expected: float
) -> None:
    losses = {"float32": exact, "bfloat16": quick}
    monkeypatch.setattr(precision, "mean_loss", lambda _, wanted: losses[wanted])
    assert difference(task(DIGITS, seed=seed)) == expected


def test_a_training_that_diverges_is_no_reason_for_bfloat16() -> None:
    assert difference(task(DIGITS, training={"lr": 1e30})) == float("inf")


def test_a_training_in_which_rounding_decides_stays_in_float32() -> None:
    resnet = {"kind": "resnet", "depth": 1, "n_stages": 3, "width": 8, "kernel_size": 3}
    shaky, calm = (task(TEXTURES, network=resnet, training={"lr": lr}) for lr in (0.5, 0.01))
    assert difference(calm) < precision.TOLERANCE < difference(shaky)
