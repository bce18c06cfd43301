"""Jobs whose arms have known effects, as reports see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.support.built_reports import report_of
from tests.support.report_records import Log, spec_of

TUNED = ("uniform", "uniform_tuned", "flat_tuned", "density_tuned")
RATES = {"uniform_tuned": 0.09, "flat_tuned": 0.09}


def judged(
    effects: Mapping[str, float],
    *,
    n: int = 5,
    sd: float = 0.008,
    looks: Sequence[int] | None = None,
    controls: Sequence[str] = TUNED,
    lost: Mapping[str, int] | None = None,
    digests: Mapping[str, str] | None = None,
    accuracy: bool = False,
) -> dict[str, Any]:
    """Return the report of a job.

    Args:
        effects: How far each arm's loss is above uniform's, as a share, on both splits.
        n: Seeds.
        sd: Of the log ratio of an arm on a seed.
        looks: Planned looks; n seeds at once if None.
        controls: Those of the spec.
        lost: The seed on which an arm's final training diverged.
        digests: Of the best trainings, where two arms have the same.
        accuracy: Whether results have one: 1 - loss / 10.
    """
    generator = np.random.default_rng(0)
    base = np.exp(0.05 * generator.normal(size=n))
    evaluation = {"looks": list(looks)} if looks else {"n_seeds": n}
    log = Log(spec_of(controls=list(controls), evaluation=evaluation))
    for arm, effect in effects.items():
        own = base * (1.0 + effect) * np.exp(sd * generator.normal(size=n))
        losses: list[float | None] = [float(x) for x in own]
        if lost and arm in lost:
            losses[lost[arm]] = None
        changes: dict[str, Any] = {"params": {"lr": RATES.get(arm, 0.05)}}
        if digests and arm in digests:
            changes["digest"] = digests[arm]
        log.best[arm] = log.trial(arm, 0, 1.0 + effect, **changes)
        for seed, loss in enumerate(losses):
            metrics = {"accuracy": 1.0 - loss / 10.0} if accuracy and loss is not None else None
            log.tests_one(arm, seed, loss, metrics)
    return report_of(log)
