"""The forms that are timed compute the same training."""

from __future__ import annotations

import pytest
import torch

from densearch.nn.operator import convolutions, fold
from workers.training.overhead.cases import Case
from workers.training.overhead.measuring import stepper

SMALL = Case({"kind": "small_cnn", "depth": 2, "width": 3, "kernel_size": 3}, 4, 8)


DNCNN = Case({"kind": "dncnn", "depth": 3, "width": 2, "kernel_size": 5}, 2, 9)


SGD = {"lr": 0.1, "momentum": 0.9}


def kernels(case: Case, form: str) -> list[torch.Tensor]:
    step = stepper(case, form, SGD)
    assert step is not None
    for _ in range(4):
        step()
    return [layer.weight.detach() for layer in convolutions(fold(step())).values()]


@pytest.mark.parametrize("case", [SMALL, DNCNN])
def test_every_form_takes_the_same_steps(case: Case) -> None:
    size = case.section["kernel_size"]
    phi = torch.linspace(0.5, 1.0, size * size).view(size, size)
    expected = kernels(case, "product")
    for form in ("master_weights", "scaled"):
        torch.testing.assert_close(kernels(case, form), expected)
    unfolded = [kernel * phi for kernel in kernels(case, "unfold")]
    torch.testing.assert_close(unfolded, expected)
    start = stepper(case, "plain", {"lr": 0.0})
    assert start is not None
    for moved, initial in zip(expected, convolutions(start()).values(), strict=True):
        assert (moved - initial.weight * phi).abs().max() > 1e-4


def test_the_table_leaves_out_what_a_layer_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    grouped = torch.nn.Conv2d(2, 2, 3, padding=1, groups=2)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), grouped)
    monkeypatch.setattr("workers.training.overhead.measuring.build_network", lambda *_: net)
    assert stepper(SMALL, "unfold") is None


@pytest.mark.parametrize("n_dims", [1, 3])
def test_signals_and_volumes_have_all_forms_but_that_of_images(n_dims: int) -> None:
    case = Case(SMALL.section, 2, 8, n_dims)
    phi = torch.linspace(0.5, 1.0, 3**n_dims).view((3,) * n_dims)
    expected = kernels(case, "product")
    for form in ("master_weights", "scaled"):
        torch.testing.assert_close(kernels(case, form), expected)
    start = stepper(case, "plain", {"lr": 0.0})
    assert start is not None
    for moved, initial in zip(expected, convolutions(start()).values(), strict=True):
        assert moved.dim() == n_dims + 2
        assert (moved - initial.weight * phi).abs().max() > 1e-4
    assert stepper(case, "unfold") is None
