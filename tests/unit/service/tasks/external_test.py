"""The section of an external training: what of the trainer's network it describes."""

from __future__ import annotations

import pytest

from service.tasks.external import ExternalTask, minimised


def section(**given: object) -> ExternalTask:
    return ExternalTask.model_validate({"kind": "external", "metric": "mAP", **given})


def test_without_layers_one_layer_stands_for_all() -> None:
    (layer,) = section().network.layers
    assert (layer.name, layer.kernel_size, layer.stage) == ("all", 3, None)
    (layer,) = section(kernel_size=7).network.layers
    assert layer.kernel_size == 7


def test_layers_have_a_size_or_a_size_and_a_stage() -> None:
    given = {"stem": 5, "neck.0": {"kernel_size": 3, "stage": 2}}
    found = section(layers=given).network.layers
    assert [(own.name, own.kernel_size, own.stage) for own in found] == [
        ("stem", 5, None),
        ("neck.0", 3, 2),
    ]


@pytest.mark.parametrize(
    ("direction", "expected"), [("minimize", 0.25), ("maximize", -0.25)], ids=str
)
def test_a_larger_value_of_a_maximised_metric_is_lower(direction: str, expected: float) -> None:
    task = section(direction=direction).model_dump(mode="json")
    assert minimised(task, 0.25) == expected
    assert minimised(task, minimised(task, 0.25)) == 0.25
    assert str(minimised(task, 0.0)) == "0.0"  # never -0.0
    assert minimised({"kind": "function"}, 0.25) == 0.25


def test_data_have_as_many_axes_as_the_kernels() -> None:
    assert section(n_dims=3).data.n_dims == 3
