"""What a job's arms are compared by: the test loss, or what trainers outside report of the split.

Reports hold losses, which are minimised; sentences speak of what the user measures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from service.report.effects import Effect
from service.tasks.external import KIND, MAXIMIZE


@dataclass(frozen=True, slots=True)
class ComparedMetric:
    """See the module.

    Attributes:
        name: As a noun.
        is_maximized: Whether its loss is its negative.
    """

    name: str = "test loss"
    is_maximized: bool = False

    @property
    def better(self) -> str:
        """Where a better value lies."""
        return "higher" if self.is_maximized else "lower"

    @property
    def worse(self) -> str:
        """Where a worse value lies."""
        return "lower" if self.is_maximized else "higher"

    @property
    def improves(self) -> str:
        """What it does when it gets better."""
        return "rises" if self.is_maximized else "falls"

    def side_of(self, effect: Effect) -> str:
        """Return on which side of the other arm's an arm's value is."""
        return self.better if effect.change < 0.0 else self.worse

    def shown(self, effect: Effect) -> Effect:
        """Return an effect on losses as one on the values that the user measures."""
        if not self.is_maximized:
            return effect
        low = None if effect.high is None else -effect.high
        high = None if effect.low is None else -effect.low
        return replace(effect, change=-effect.change, low=low, high=high)


TEST_LOSS = ComparedMetric()


def compared_metric_of(task: Mapping[str, object]) -> ComparedMetric:
    """Return what a job's arms are compared by.

    Args:
        task: The task section of its spec, as JSON.
    """
    if task.get("kind") != KIND:
        return TEST_LOSS
    return ComparedMetric(str(task["metric"]), task.get("direction") == MAXIMIZE)
