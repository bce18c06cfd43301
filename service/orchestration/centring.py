"""The learning rates that depend on what a simpler arm has found: ranges around it, or itself."""

from __future__ import annotations

from service.orchestration.run import Run
from service.studies import spaces


def settle(run: Run) -> None:
    """Set the spaces of the studies that depend on the best rate of one that is finished.

    The space of a study whose centre gave no value stays as the spec alone has it.
    """
    for study in run.studies:
        source = run.study(study.centred_on) if study.centred_on is not None else None
        if source is not None and source.record.is_finished and source.final is not None:
            rate = float(source.final.payload["training"]["lr"])
            name = study.record.name
            own = run.resolved.spaces.of(name)
            study.space = spaces.at_best_rate(run.spec, name, own, rate)


def is_settled(run: Run, name: str | None) -> bool:
    """Whether the study whose rate another one depends on, if any, is finished."""
    return name is None or run.study(name).record.is_finished
