"""Deaths of a trial: it is retried with others, then alone on a node, then FAILED.

A worker that dies does not say why: the cause may be the trial, a neighbour that uses all the
memory, or an operator. So a single death never counts as the trial's fault
(docs/adr/0021-deaths.md). After `max_attempts` deaths a trial runs alone on its node; it is FAILED
only if it dies there as often without another known cause. A trial that its node or GPU failed
(`Ending.DISPLACED`) runs alone the next time: then it has no neighbours on a GPU, and another node
where there is one. The counts are part of the trial's `error` while it waits and runs, and so
survive dispatchers.
"""

from __future__ import annotations

from service.orchestration.messages import Ending
from service.records import Json

# Deaths with another known cause could repeat for ever: no trial dies more often than this many
# times `max_attempts`.
PATIENCE = 10
# Endings that alone are no evidence against the trial.
DEATHS = frozenset({Ending.CRASHED, Ending.LOST, Ending.DISPLACED})
_DISPLACED = "is_displaced"


def is_isolated(error: Json | None, max_attempts: int) -> bool:
    """Whether the next attempt at a trial with this `error` runs alone on its node."""
    return _count(error, "n_died") >= max_attempts or bool((error or {}).get(_DISPLACED))


def after(error: Json | None, ending: Ending, reason: str, max_attempts: int) -> Json:
    """Return a trial's `error` after an unsuccessful attempt.

    Args:
        error: The trial's previous `error`; None before its first unsuccessful attempt.
        ending: How the attempt ended.
        reason: The cause, as a sentence.
        max_attempts: See `service.settings`.
    """
    n_died, n_alone = _count(error, "n_died"), _count(error, "n_died_alone")
    if ending in DEATHS:
        n_alone += ending is Ending.CRASHED and is_isolated(error, max_attempts)
        n_died += 1
    if not n_died:
        return {"detail": reason}
    is_displaced = ending is Ending.DISPLACED or bool((error or {}).get(_DISPLACED))
    displaced = {_DISPLACED: True} if is_displaced else {}
    return {"detail": reason, "n_died": n_died, "n_died_alone": n_alone, **displaced}


def verdict(error: Json, max_attempts: int) -> str | None:
    """Return why a trial is FAILED by its deaths, None while it is not."""
    n_died, n_alone = _count(error, "n_died"), _count(error, "n_died_alone")
    if n_alone < max_attempts and n_died < PATIENCE * max_attempts:
        return None
    return (
        f"{error['detail']}; {n_died} attempts were lost, "
        f"{n_alone} of these by a death while the trial was alone on its node"
    )


def _count(error: Json | None, name: str) -> int:
    return int((error or {}).get(name, 0))
