"""What follows from the task of an external training."""

from __future__ import annotations

from service.networks import layers_of
from service.studies.external import is_external, network_of, training_of
from service.validation import parse
from tests.support.external_jobs import EPOCHS, SPEC


def test_an_external_job_has_the_network_and_the_epochs_of_its_task() -> None:
    spec = parse.parse(SPEC)
    network, training = network_of(spec), training_of(spec)
    assert is_external(spec)
    assert network is not None
    assert [layer.kernel_size for layer in layers_of(network)] == [5]
    assert training is not None
    assert training.epochs == EPOCHS


def test_another_job_has_its_own_sections() -> None:
    spec = parse.parse(
        {"name": "d", "task": {"kind": "classification"}, "budget": {"n_trials": 2}}
    )
    assert not is_external(spec)
    assert network_of(spec) == spec.network
    assert training_of(spec) == spec.training
