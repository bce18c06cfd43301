"""Which arms contain which: a richer arm is judged by its own finalists and by simpler arms' too.

A space that contains another holds a point that is no worse, but a search of it with few trials
may miss that point. With the finalists of the simpler arms among its own, a richer arm differs
from a simpler one by what it found, and by nothing else (docs/adr/0049-nested-arms.md).

Source: Choi et al., "On Empirical Comparisons of Optimizers for Deep Learning", arXiv:1910.05446.
"""

from __future__ import annotations

from collections.abc import Iterable

from service import samplers
from service.records import Study, Trial
from service.spec import NESTED_SINCE
from service.states import Role
from service.studies import planning
from service.studies.resolved import ResolvedSpec, TrainingJob
from service.studies.search_space import Value

# Each contains those before it: one rate, then a factor, then a shape.
CHAIN = ("uniform_tuned", "flat_tuned", "density_tuned")
UNIFORM, FLAT = "uniform", "flat"


def simpler_than(resolved: ResolvedSpec, study: Study) -> tuple[str, ...]:
    """Return the names of the controls of a job that one of its studies contains, simplest first.

    None by the first method, and for a function. A gradient training contains none either: its
    value is that of a density that changes on the way, and compares with no other.
    """
    if resolved.spec.method < NESTED_SINCE or not isinstance(resolved, TrainingJob):
        return ()
    if planning.rate_seed(resolved.spec) is not None:
        return ()  # its losses and those of the rate's tuning are of different seeds
    below = _below(resolved, study)
    if below is None:
        return ()
    plain = (UNIFORM,) if _holds_own_settings(resolved, study.name) else ()
    present = {each.name for each in resolved.studies if each.role is not Role.SEARCH}
    return tuple(name for name in (*plain, *below) if name in present)


def _below(resolved: TrainingJob, study: Study) -> tuple[str, ...] | None:
    """Return the controls below a study, uniform not counted; None for one that contains none."""
    if study.role is Role.TUNED and study.name in CHAIN:
        return CHAIN[: CHAIN.index(study.name)]
    if study.role is Role.SEARCH and not samplers.is_learned(study.sampler):
        if resolved.spec.tuned_rate is not None:
            return (CHAIN[0], FLAT)
        return CHAIN[:-1] if "lr" in resolved.spec.search else (FLAT,)
    return None


def _holds_own_settings(resolved: TrainingJob, study: str) -> bool:
    """Whether a study's space holds the settings that the job has where none is searched."""
    settings = resolved.spaces.of(study).settings
    if resolved.is_external:  # a trainer's own settings are not known here
        return not settings
    return all(axis.holds(_own_setting(resolved, axis.name)) for axis in settings)


def _own_setting(resolved: TrainingJob, name: str) -> Value:
    is_training = name in type(resolved.training).model_fields
    own: Value = getattr(resolved.training if is_training else resolved.network, name)
    return own


def chosen(own: Trial | None, simpler: Iterable[Trial | None]) -> Trial | None:
    """Choose the training that represents an arm, by the values on the validation split.

    Of equals the simplest: a search that has found the plain convolution again has found no
    density.

    Args:
        own: The best of the arm's own trainings, all epochs; None where none gave a value.
        simpler: The trainings that represent the arms it contains, the simplest first.
    """
    found = [trial for trial in (*simpler, own) if trial is not None and trial.value is not None]
    return min(found, key=lambda trial: trial.value or 0.0, default=None)
