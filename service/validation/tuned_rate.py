"""Rules of a spec whose densities are trained at the best rate of the plain network."""

from __future__ import annotations

from collections.abc import Iterator

from service import samplers
from service.errors import Fault
from service.spec import NESTED_SINCE, JobSpec
from service.studies.spaces import TUNED, UNIFORM_TUNED
from service.tasks.function import FunctionTask

AT = "/tuned_rate"


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what keeps a job that trains from taking its rate from `uniform_tuned`."""
    if spec.tuned_rate is None or isinstance(spec.task, FunctionTask):
        return
    if spec.method < NESTED_SINCE:
        yield Fault(AT, "is for jobs of method 2: leave method or this out")
    if "lr" in spec.search:
        yield Fault(AT, "the searches search lr themselves: leave one of the two out")
    if not any(control.name == UNIFORM_TUNED for control in spec.controls):
        yield Fault(AT, f"takes the best rate of {UNIFORM_TUNED}: add that control")
    learned = [own.name for own in spec.samplers if samplers.is_learned(own.name)]
    if learned:
        yield Fault(AT, f"{learned[0]} learns at training.lr: leave one of the two out")
    if spec.tuned_rate.seed is not None:
        yield from _seed_faults(spec)


def _seed_faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what a job compares, although its rate was tuned with data of another seed."""
    at = f"{AT}/seed"
    if spec.evaluation.n_seeds > 0:
        detail = "arms tuned with different data cannot be judged against one another"
        yield Fault(at, f"{detail}: set evaluation.n_seeds to 0, or leave seed out")
    others = [own.name for own in spec.controls if own.name in TUNED and own.name != UNIFORM_TUNED]
    if others:
        detail = f"{others[0]} would be tuned with other data than {UNIFORM_TUNED}"
        yield Fault(at, f"{detail}: leave it or seed out")
