"""What a model of the values takes for a trial that diverged or failed.

Such a trial has no value: its study gives it a penalty (`StudyPlan.penalty`), worse than any
value. Samplers that compare values take it as the worst rank. A model of the values themselves
would be bent by it: against 1000 all measured losses are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from densearch.sampler.contract import Entry

# A trial without a value is worse than the worst measured one by this part of their range.
MARGIN = 0.1


def softened(values: Sequence[float], penalty: float | None) -> list[float]:
    """Return values with the worst measured one, and a margin, in place of each penalty.

    It depends on the values alone, not on their order. The margin is a tenth of the range of the
    measured values (of the size of the value, where all are equal). Where nothing was measured the
    values stay as they are: they are all equal.

    Args:
        values: Of ended trials.
        penalty: From here on a value is a penalty; None where none is.

    Returns:
        As many values. All that are below the penalty are unchanged, and less than all others.
    """
    measured = [value for value in values if penalty is None or value < penalty]
    if penalty is None or not measured or len(measured) == len(values):
        return list(values)
    worst = max(measured)
    margin = MARGIN * ((worst - min(measured)) or abs(worst) or 1.0)
    return [value if value < penalty else min(worst + margin, penalty) for value in values]


def softened_log(
    log: Sequence[Entry], penalty: float | None, n_known: int | None = None
) -> Sequence[Entry]:
    """Return a log as a model of the values takes it.

    Args:
        log: A study's.
        penalty: See `softened`.
        n_known: How many of its trials, from the first, decide what a penalty becomes; all of
            them if None. A round that is running must not.
    """
    if penalty is None:
        return log
    known = [e.value for e in log[:n_known] if e.value is not None]
    replacement = softened([*known, penalty], penalty)[-1]
    return [
        e if e.value is None or e.value < penalty else replace(e, value=replacement) for e in log
    ]
