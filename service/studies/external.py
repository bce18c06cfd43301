"""What follows from the task section of an external training: its network, its epochs."""

from __future__ import annotations

from service.networks import AnyNetwork
from service.spec import JobSpec
from service.tasks.external import ExternalTask
from service.training_section import Training


def is_external(spec: JobSpec) -> bool:
    """Whether programs of the user's own train."""
    return isinstance(spec.task, ExternalTask)


def network_of(spec: JobSpec) -> AnyNetwork | None:
    """Return the network of a job; of an external training what its task says of it."""
    return spec.task.network if isinstance(spec.task, ExternalTask) else spec.network


def training_of(spec: JobSpec) -> Training | None:
    """Return the training section of a job; of an external training its epochs alone."""
    if isinstance(spec.task, ExternalTask):
        return Training(epochs=spec.task.epochs or 1)
    return spec.training
