"""Every sampler by name: what it can do, which options it takes, how it is made.

A sampler's module is imported when one is created, so that asking what exists loads neither NLopt
nor Optuna.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from service.errors import UnknownSamplerError
from service.samplers.base import Sampler, StudyPlan

# The arm of a control has one point without coordinates; it is no search, so no user names it.
CONTROL_SAMPLER = "fixed"


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
    """

    continuous: bool = True
    integer: bool = True
    log: bool = True
    categorical: bool = False
    parallel: bool = True
    seeded: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a sampler.

    Attributes:
        name: Key in the spec's `options`.
        kind: ``number``, ``integer`` or ``boolean``, as in JSON schema.
        default: Used when the spec is silent.
        description: For the user.
        minimum: Smallest value allowed.
        maximum: Largest value allowed.
    """

    name: str
    kind: str
    default: float | int | bool
    description: str
    minimum: float = -math.inf
    maximum: float = math.inf

    def fault_of(self, value: object) -> str | None:
        """What is wrong with a value, or None."""
        if self.kind == "boolean":
            return None if isinstance(value, bool) else "must be true or false"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"must be {'an integer' if self.kind == 'integer' else 'a number'}"
        if self.kind == "integer" and not isinstance(value, int):
            return "must be an integer"
        if not self.minimum <= value <= self.maximum:
            return f"must be from {self.minimum:g} to {self.maximum:g}"
        return None

    def schema(self) -> dict[str, object]:
        """The JSON schema of the value."""
        schema: dict[str, object] = {
            "type": self.kind,
            "default": self.default,
            "description": self.description,
        }
        if self.kind != "boolean":
            schema |= {"minimum": self.minimum, "maximum": self.maximum}
        return schema


@dataclass(frozen=True, slots=True)
class SamplerInfo:
    """What a user may know about a sampler before choosing it."""

    name: str
    title: str
    description: str
    capabilities: Capabilities
    options: tuple[Option, ...]
    path: str

    def option_faults(self, given: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield (option, what is wrong) for every option that is unknown or has a bad value."""
        known = {option.name: option for option in self.options}
        for name, value in given.items():
            if name not in known:
                yield name, f"{self.name} has no such option; it has {', '.join(known) or 'none'}"
            elif fault := known[name].fault_of(value):
                yield name, fault

    def to_dict(self) -> dict[str, object]:
        """Name, title, description, capabilities, and the JSON schema of the options."""
        properties = {option.name: option.schema() for option in self.options}
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "capabilities": asdict(self.capabilities),
            "options": {
                "type": "object",
                "additionalProperties": False,
                "properties": properties,
            },
        }


_SAMPLERS: dict[str, SamplerInfo] = {
    info.name: info
    for info in (
        SamplerInfo(
            name="direct_l",
            title="DIRECT-L (NLopt)",
            description=(
                "Divides the search box into ever smaller rectangles, biased to local search. "
                "Deterministic: the sequence of sequential NLopt GN_DIRECT_L at any number of "
                "workers. Strong up to about four dimensions."
            ),
            capabilities=Capabilities(seeded=False),
            options=(
                Option(
                    "magic_eps",
                    "number",
                    1e-4,
                    "Least relative improvement a rectangle must promise (Jones' epsilon).",
                    minimum=0.0,
                    maximum=0.1,
                ),
            ),
            path="service.samplers.direct_l:DirectL",
        ),
        SamplerInfo(
            name="tpe",
            title="TPE (Optuna)",
            description=(
                "Models where good and bad trials lie and samples where good is likelier. "
                "Proposes a round of batch_size trials at a time."
            ),
            capabilities=Capabilities(),
            options=(
                Option(
                    "n_startup_trials",
                    "integer",
                    10,
                    "Random trials before the model is used.",
                    minimum=1,
                    maximum=100_000,
                ),
                Option(
                    "n_ei_candidates",
                    "integer",
                    24,
                    "Candidates of which the best is proposed.",
                    minimum=1,
                    maximum=10_000,
                ),
                Option(
                    "multivariate",
                    "boolean",
                    default=True,
                    description="Model all coordinates together rather than one by one.",
                ),
            ),
            path="service.samplers.optuna_samplers:Tpe",
        ),
        SamplerInfo(
            name="random",
            title="Random search",
            description="Independent uniform points: the baseline a search has to beat.",
            capabilities=Capabilities(categorical=True),
            options=(),
            path="service.samplers.random_points:RandomPoints",
        ),
    )
}
_CONTROL_PATH = "service.samplers.fixed:Fixed"


def catalogue() -> list[SamplerInfo]:
    """Every sampler a user may name."""
    return list(_SAMPLERS.values())


def describe(name: str) -> SamplerInfo:
    """What is known of one sampler.

    Raises:
        UnknownSamplerError: No sampler has this name.
    """
    if name not in _SAMPLERS:
        raise UnknownSamplerError(name, list(_SAMPLERS))
    return _SAMPLERS[name]


def create(name: str, study: StudyPlan) -> Sampler:
    """Make a sampler for a study; `CONTROL_SAMPLER` makes that of a control arm.

    Raises:
        UnknownSamplerError: No sampler has this name.
        ValueError: The study's options do not suit the sampler.
    """
    path = _CONTROL_PATH if name == CONTROL_SAMPLER else describe(name).path
    if name != CONTROL_SAMPLER:
        for option, fault in describe(name).option_faults(study.options):
            raise ValueError(f"option {option} of {name}: {fault}")
    module, _, attribute = path.partition(":")
    # Late import: NLopt and Optuna are loaded by whoever searches, not by whoever asks.
    made: Sampler = getattr(importlib.import_module(module), attribute)(study)
    return made
