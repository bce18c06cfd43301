"""What a trial's deaths say of it: tried again in company, then alone on a node, then FAILED.

A worker that dies says nothing of why: a poisonous trial, a neighbour that takes all the memory,
an operator. So a death is never the trial's fault by itself (docs/adr/0021-deaths.md). After
`max_attempts` deaths a trial is run alone on its node; only if it dies there as often, by nothing
else that is known, it is to blame. The counts are part of the trial's `error` while it waits and
runs, and so outlive dispatchers.
"""

from __future__ import annotations

from service.records import Json
from service.updates import Ending

# What is never counted as a trial's fault could still go on for ever: no trial dies more often
# than this many times `max_attempts`.
PATIENCE = 10
# A try that ended so says nothing of its trial by itself.
DEATHS = frozenset({Ending.CRASHED, Ending.LOST})


def is_isolated(error: Json | None, max_attempts: int) -> bool:
    """Whether the next try at a trial with this `error` runs alone on its node."""
    return _count(error, "n_died") >= max_attempts


def after(error: Json | None, ending: Ending, reason: str, max_attempts: int) -> Json:
    """Return what a trial's `error` is after a try that did not end well.

    Args:
        error: The trial's before, None after no such try.
        ending: How the try ended.
        reason: Why, as a sentence.
        max_attempts: See `service.settings`.
    """
    n_died, n_alone = _count(error, "n_died"), _count(error, "n_died_alone")
    if ending in DEATHS:
        n_alone += ending is Ending.CRASHED and n_died >= max_attempts
        n_died += 1
    if not n_died:
        return {"detail": reason}
    return {"detail": reason, "n_died": n_died, "n_died_alone": n_alone}


def verdict(error: Json, max_attempts: int) -> str | None:
    """Return why a trial is FAILED by its deaths, None while it is not."""
    n_died, n_alone = _count(error, "n_died"), _count(error, "n_died_alone")
    if n_alone < max_attempts and n_died < PATIENCE * max_attempts:
        return None
    return (
        f"{error['detail']}; its workers died {n_died} times, "
        f"{n_alone} of these while it was alone on its node"
    )


def _count(error: Json | None, name: str) -> int:
    return int((error or {}).get(name, 0))
