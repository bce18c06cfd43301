"""The loss against the width of a density, where a search went through widths alone.

A campaign fits a valley to it (`service.campaigns.report.radius`). It is stored with the report: a
campaign's report is a function of those of its jobs.
"""

from __future__ import annotations

from service.records import Json
from service.report.rows import ArmTrials
from service.states import Role
from service.studies.resolved import ResolvedSpec, TrainingJob

WIDTH = "sigma"


def valley_of(resolved: ResolvedSpec, one: ArmTrials) -> Json | None:
    """Return the validation losses of the full trainings of a search over one width.

    Args:
        resolved: The job.
        one: An arm.

    Returns:
        ``widths`` and ``losses`` of the trainings that ended well and did not diverge, by rising
        width; ``kernel_size`` and ``n_dims`` of the density, and whether its scale was held at 1
        (``is_normalised``); their learning rate (``lr``), and whether it is the best of the plain
        network (``is_rate_tuned``). None for other searches and other arms.
    """
    space = one.arm.space
    names = [axis.name for axis in space.vector]
    if (
        not isinstance(resolved, TrainingJob)
        or one.arm.record.role is not Role.SEARCH
        or names != [WIDTH]
        or space.settings
    ):
        return None
    counted = [trial for trial in one.full_trainings if (trial.value or 0.0) > 0.0]
    points = {space.split(trial.point)[0][0]: trial.value for trial in counted}
    group = resolved.groups[0]
    return {
        "widths": sorted(points),
        "losses": [points[width] for width in sorted(points)],
        "kernel_size": group.kernel_size,
        "n_dims": group.n_dims,
        "is_normalised": resolved.density.normalised,
        "lr": resolved.training.lr if space.rate is None else space.rate,
        "is_rate_tuned": space.rate is not None,
    }
