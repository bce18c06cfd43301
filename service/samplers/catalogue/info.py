"""What a user may know of a sampler: what it can do, and which options it takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from densearch.sampler import StudyPlan
from service.samplers.effort import Effort
from service.samplers.round_sizes import of_batch

# Of an option that is a list.
MAX_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What kinds of search space a sampler can handle, and how it works.

    Attributes:
        continuous: Coordinates are real numbers.
        integer: Rounded coordinates make sense to it.
        log: A logarithmic axis makes sense to it (always mapped outside, on the unit cube).
        categorical: Unordered choices make sense to it.
        parallel: It issues several points before the first has its value.
        seeded: Another seed gives other points.
        adaptive: Its points depend on the values told before.
        speculative: It has points for idle workers (`Sampler.speculate`).
        warm_start: It can start from densities of earlier jobs.
        needs: The extra that must be installed for it (`pip install -e '.[NAME]'`), or None.
    """

    continuous: bool = True
    integer: bool = True
    log: bool = True
    categorical: bool = False
    parallel: bool = True
    seeded: bool = True
    adaptive: bool = True
    speculative: bool = False
    warm_start: bool = False
    needs: str | None = None

    @property
    def in_rounds(self) -> bool:
        """Whether it answers nothing while a trial is open (`service.samplers.rounds`)."""
        return self.adaptive and not self.speculative


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a sampler.

    Attributes:
        name: Key in the spec's `options`.
        kind: ``number``, ``integer``, ``boolean``, ``string`` or ``array``, as in JSON schema; an
            array holds numbers.
        default: Used when the spec is silent; None where that is another thing than any value.
        description: For the user.
        minimum: Smallest value allowed, in an array too.
        maximum: Largest value allowed, in an array too.
        choices: What a string may be.
    """

    name: str
    kind: str
    default: float | int | bool | str | None
    description: str
    minimum: float = -math.inf
    maximum: float = math.inf
    choices: tuple[str, ...] = ()

    def fault_of(self, value: object) -> str | None:
        """What is wrong with a value, or None."""
        if self.kind == "boolean":
            return None if isinstance(value, bool) else "must be true or false"
        if self.kind == "string":
            return None if value in self.choices else f"must be {' or '.join(self.choices)}"
        if self.kind == "array":
            return self._array_fault(value)
        return self._number_fault(value)

    def _array_fault(self, value: object) -> str | None:
        if not isinstance(value, list) or not value:
            return "must be a list of numbers"
        if len(value) > MAX_LENGTH:
            return f"must have at most {MAX_LENGTH} values"
        faults = (
            f"value {i}: {fault}" for i, v in enumerate(value) if (fault := self._number_fault(v))
        )
        return next(faults, None)

    def _number_fault(self, value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"must be {'an integer' if self.kind == 'integer' else 'a number'}"
        if self.kind == "integer" and not isinstance(value, int):
            return "must be an integer"
        if not self.minimum <= value <= self.maximum:
            return f"must be from {self.minimum:g} to {self.maximum:g}"
        return None

    def schema(self) -> dict[str, object]:
        """The JSON schema of the value."""
        schema: dict[str, object] = {"type": self.kind, "description": self.description}
        if self.default is not None:
            schema["default"] = self.default
        limits: dict[str, object] = {"minimum": self.minimum, "maximum": self.maximum}
        if self.kind == "string":
            return schema | {"enum": list(self.choices)}
        if self.kind == "array":
            return schema | {"items": {"type": "number", **limits}, "minItems": 1}
        return schema if self.kind == "boolean" else schema | limits


@dataclass(frozen=True, slots=True)
class SamplerInfo:
    """What a user may know about a sampler before choosing it.

    Attributes:
        name: What a spec calls it.
        title: What a page calls it.
        description: How it works, for the user.
        capabilities: What it can do.
        options: The settings it takes.
        path: ``module:class`` of the implementation.
        effort: Returns the cost of its costliest ask for a study.
        requires: Modules that its extra (`Capabilities.needs`) installs.
        round_size: Returns how many trials a study issues before it needs the value of any; of no
            meaning for samplers that speculate, which have no rounds.
    """

    name: str
    title: str
    description: str
    capabilities: Capabilities
    options: tuple[Option, ...]
    path: str
    effort: Callable[[StudyPlan], Effort]
    requires: tuple[str, ...] = ()
    round_size: Callable[[StudyPlan], int] = of_batch

    @property
    def is_installed(self) -> bool:
        """Whether what it needs can be imported here; nothing is imported to find out."""
        return all(find_spec(module) is not None for module in self.requires)

    @property
    def remedy(self) -> str:
        """What to do where it is not installed."""
        extra = self.capabilities.needs
        return f"{self.name} is not installed here: pip install -e '.[{extra}]'"

    def option_faults(self, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield (option, what is wrong) for every option that is unknown or has a bad value."""
        known = {option.name: option for option in self.options}
        for name, value in given.items():
            if name not in known:
                yield name, f"{self.name} has no such option; it has {', '.join(known) or 'none'}"
            elif fault := known[name].fault_of(value):
                yield name, fault

    def to_dict(self) -> dict[str, object]:
        """Name, title, description, capabilities, `installed`, and the options' JSON schema."""
        properties = {option.name: option.schema() for option in self.options}
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "capabilities": asdict(self.capabilities),
            "installed": self.is_installed,
            "options": {
                "type": "object",
                "additionalProperties": False,
                "properties": properties,
            },
        }
