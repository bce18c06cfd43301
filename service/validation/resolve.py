"""From a complete spec to a resolved one: all that follows from it is derived here, once."""

from __future__ import annotations

from service import networks
from service.errors import Fault, InvalidSpecError
from service.spec import JobSpec
from service.studies import external, planning
from service.studies.layer_groups import grouped
from service.studies.resolved import FunctionJob, ResolvedSpec, TrainingJob
from service.studies.spaces import function_spaces, training_spaces
from service.tasks.function import FunctionTask
from service.tasks.sections import data_of


def resolve(spec: JobSpec) -> ResolvedSpec:
    """Derive the data, layer groups, search spaces and studies of a complete spec.

    Args:
        spec: As `service.validation.parse.complete` returns it.

    Raises:
        InvalidSpecError: Its data are not known: a stored set has not been looked up
            (`service.jobs.references`).
    """
    if isinstance(spec.task, FunctionTask):
        spaces = function_spaces(spec.task)
        return FunctionJob(spec, spec.task, spaces, tuple(planning.planned(spec, spaces)))
    data, training = data_of(spec.task), external.training_of(spec)
    network = external.network_of(spec)
    if data is None or network is None or training is None or spec.density is None:
        raise InvalidSpecError([Fault("/task/dataset", "the data of this set are not known")])
    groups = tuple(grouped(networks.layers_of(network), spec.density.scope, data.n_dims))
    spaces = training_spaces(spec, training, spec.density, groups)
    return TrainingJob(
        spec=spec,
        task=spec.task,
        data=data,
        network=network,
        training=training,
        density=spec.density,
        groups=groups,
        spaces=spaces,
        studies=tuple(planning.planned(spec, spaces)),
    )
