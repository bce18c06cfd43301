"""What a trial takes besides its training: to be placed, sent, reported and stored."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from service.costs.figures import Interval
from service.storage.attempt_spans import AttemptSpan

# So many attempts are looked at; of fewer than the least, the figure is the one below.
MOST_SPANS, LEAST_SPANS = 200, 20
# On 2 cores with a local Ray, s: 500 calls of a function took 3.9 s in all, 61 trainings of 12 ms
# 11.7 s on a machine with other work.
UNKNOWN = Interval(0.005, 0.02, 0.2)


def overhead_of(spans: Sequence[AttemptSpan]) -> Interval:
    """Return the time of a trial beyond its training, s: quartiles and median of earlier ones.

    A worker trains the candidates of a pack together: their common time is shared.

    Args:
        spans: The newest attempts of any job.
    """
    if len(spans) < LEAST_SPANS:
        return UNKNOWN
    ordered = sorted(spans, key=_pack)
    shares = [share for _, pack in groupby(ordered, _pack) for share in _shares(list(pack))]
    low, middle, high = np.quantile(shares, (0.25, 0.5, 0.75)).tolist()
    return Interval(low, middle, high)


def _pack(span: AttemptSpan) -> tuple[str, float]:
    return span.worker or "", span.started_at.timestamp()


def _shares(pack: list[AttemptSpan]) -> list[float]:
    whole_s = max((span.finished_at - span.started_at).total_seconds() for span in pack)
    beyond_s = max(whole_s - sum(span.training_s for span in pack), 0.0)
    return [beyond_s / len(pack)] * len(pack)
