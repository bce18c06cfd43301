"""A resolved spec: a job's complete spec with all that validation derives from it, once.

`service.validation.resolve` makes it; everything behind validation takes it. A job that trains and
one that evaluates a function are two types: what only a training has is no optional field.
"""

from __future__ import annotations

from dataclasses import dataclass

from densearch.plugins.data_info import DataInfo
from densearch.plugins.sections import OwnTask
from service import networks
from service.networks import AnyNetwork
from service.spec import DensitySpec, JobSpec
from service.studies.layer_groups import Group, grouped
from service.studies.planning import PlannedStudy
from service.studies.spaces import Spaces
from service.tasks.external import ExternalTask
from service.tasks.function import FunctionTask
from service.tasks.sections import TrainingTask
from service.training_section import Training


@dataclass(frozen=True, slots=True)
class FunctionJob:
    """A job that evaluates a function.

    Attributes:
        spec: As it is stored.
        task: Its task section.
        spaces: Its studies' search spaces.
        studies: Its studies, in the order of their rows.
    """

    spec: JobSpec
    task: FunctionTask
    spaces: Spaces
    studies: tuple[PlannedStudy, ...]


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """A job that trains networks.

    Attributes:
        spec: As it is stored.
        task: Its task section.
        data: What is known of its data set.
        network: Its network section.
        training: Its training section; of an external training its epochs alone mean something.
        density: Its density section, with bounds for each value of the search vector.
        groups: The layers of its network that share a density, in the search vector's order.
        spaces: Its studies' search spaces.
        studies: Its studies, in the order of their rows.
    """

    spec: JobSpec
    task: TrainingTask
    data: DataInfo
    network: AnyNetwork
    training: Training
    density: DensitySpec
    groups: tuple[Group, ...]
    spaces: Spaces
    studies: tuple[PlannedStudy, ...]

    def groups_of(self, network: AnyNetwork) -> list[Group]:
        """Return the groups of a trial's network, whose depth may be searched."""
        return grouped(networks.layers_of(network), self.density.scope, self.data.n_dims)

    def groups_in(self, scope: str) -> list[Group]:
        """Return the groups of the job's network in another scope, see `DensitySpec`."""
        return grouped(networks.layers_of(self.network), scope, self.data.n_dims)

    @property
    def is_external(self) -> bool:
        """Whether programs of the user's own train: our workers have nothing to do."""
        return isinstance(self.task, ExternalTask)

    @property
    def promotions_continue(self) -> bool:
        """Whether a full training can continue the short one that it promotes.

        Not where the learning rate's schedule is shortened, or a search computes in another
        precision. What a plug-in's objective makes of the number of epochs is not known.
        """
        if self.spec.fidelity is None or isinstance(self.task, OwnTask):
            return False
        is_cut = self.spec.fidelity.schedule == "cut" or self.training.schedule == "constant"
        return is_cut and self.training.precision in ("float32", "auto")


ResolvedSpec = FunctionJob | TrainingJob
