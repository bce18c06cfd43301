"""What a job's arms are compared by: the test loss, or what trainers outside report of the split.

Reports hold losses, which are minimised; sentences, tables and figures show what the user
measures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar


class Change(Protocol):
    """A change of losses with the ends of its interval: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def change(self) -> float:
        """Below 0 where the loss falls."""
        ...

    @property
    def low(self) -> float | None:
        """Lower end."""
        ...

    @property
    def high(self) -> float | None:
        """Upper end."""
        ...


C = TypeVar("C", bound=Change)
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ComparedMetric:
    """See the module.

    Attributes:
        name: Of the metric, without the split on which it is measured.
        is_own: Whether trainers outside report it.
        is_maximized: Whether its loss is its negative.
    """

    name: str = "loss"
    is_own: bool = False
    is_maximized: bool = False

    @property
    def noun(self) -> str:
        """What is compared, in a sentence."""
        return self.name if self.is_own else f"test {self.name}"

    @property
    def title(self) -> str:
        """The same as the beginning of a title."""
        return self.name if self.is_own else f"Test {self.name}"

    @property
    def better(self) -> str:
        """Where a better value lies."""
        return "higher" if self.is_maximized else "lower"

    @property
    def worse(self) -> str:
        """Where a worse value lies."""
        return "lower" if self.is_maximized else "higher"

    @property
    def better_change(self) -> str:
        """Where the change to a better value lies."""
        return "above 0" if self.is_maximized else "below 0"

    @property
    def better_side(self) -> str:
        """Where the ratio to a worse value lies."""
        return "right of 1" if self.is_maximized else "left of 1"

    @property
    def improves(self) -> str:
        """What it does when it gets better."""
        return "rises" if self.is_maximized else "falls"

    def side_of(self, effect: Change) -> str:
        """Return on which side of the other arm's an arm's value is."""
        return self.better if effect.change < 0.0 else self.worse

    def shown(self, effect: C) -> C:
        """Return an effect on losses as one on the values that the user measures."""
        if not self.is_maximized:
            return effect
        low, high = self.ends(effect.low, effect.high)
        return replace(effect, change=-effect.change, low=low, high=high)

    def change(self, change: float) -> float:
        """Return a change of losses as one of the values that the user measures."""
        return -change if self.is_maximized else change

    def ends(self, low: float | None, high: float | None) -> tuple[float | None, float | None]:
        """Return the ends of an interval of such a change, the lower one first."""
        return (negated(high), negated(low)) if self.is_maximized else (low, high)

    def report(self, report: Json | None) -> dict[str, Any]:
        """Return a job's report with the values that the user measures in place of losses.

        Without a report it is empty.

        What is in percent of a loss is then in percent of such a value, and shares that were
        saved are those that were lost. The sentences are the same.
        """
        return _turned_all(report) if report and self.is_maximized else dict(report or {})


LOSS = ComparedMetric()


def compared_metric_of(task: Json) -> ComparedMetric:
    """Return what a job's arms are compared by.

    Args:
        task: The task section of its spec, as JSON.
    """
    if task.get("kind") != "external":
        return LOSS
    is_maximized = task.get("direction") == "maximize"
    return ComparedMetric(str(task["metric"]), is_own=True, is_maximized=is_maximized)


def _turned_all(report: Json) -> dict[str, Any]:
    found = {**report, "arms": [_arm(arm) for arm in report.get("arms") or []]}
    if answer := report.get("answer"):
        looks = [{**look, "effect": _turned(look["effect"], _CHANGE)} for look in answer["looks"]]
        found["answer"] = {**answer, "looks": looks}
        for name in ("items", "continued"):
            found["answer"][name] = _turned(answer.get(name), _CHANGE)
    if parts := report.get("attribution"):
        turned = {name: [_turned(p, _PART) for p in parts[name]] for name in ("parts", "beside")}
        found["attribution"] = {**parts, **turned, "gain": _turned(parts["gain"], _PART)}
    if samplers := report.get("samplers"):
        rows = [_turned(row, _SAMPLER) for row in samplers["samplers"]]
        found["samplers"] = {**samplers, "samplers": rows}
    return found


def _arm(arm: Json) -> Json:
    own = _turned(arm, _ARM) or {}
    test, versus = _turned(arm.get("test"), _TEST), _turned(arm.get("vs_uniform"), _VERSUS)
    if test:
        test["losses"] = [-loss for loss in test.get("losses") or []]
    return {**own, "test": test, "vs_uniform": versus}


# Values; and intervals by their ends.
_Fields = tuple[Sequence[str], Sequence[tuple[str, str]]]
_ARM: _Fields = ("validation_loss", "search_loss"), ()
_TEST: _Fields = ("loss_mean",), [("loss_low", "loss_high")]
_VERSUS: _Fields = (
    ("difference", "relative", "change"),
    [("low", "high"), ("change_low", "change_high"), ("bootstrap_low", "bootstrap_high")],
)
_CHANGE: _Fields = ("change",), [("low", "high")]
_PART: _Fields = ("relative",), [("relative_low", "relative_high")]
_SAMPLER: _Fields = ("mean", "least"), ()


def _turned(row: Json | None, fields: _Fields) -> dict[str, Any] | None:
    """Return a row with some of its values, and the ends of its intervals, turned round."""
    if row is None:
        return None
    values, intervals = fields
    found = dict(row)
    for name in (name for name in values if name in row):
        found[name] = negated(row[name])
    for low, high in (ends for ends in intervals if ends[0] in row):
        found[low], found[high] = negated(row[high]), negated(row[low])
    return found


def negated(value: float | None) -> float | None:
    """Return a value with the other sign, None without one."""
    return None if value is None else -value
