"""What a user may know of a sampler: what it can do, and which options it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from densearch.plugins.options import SamplerOptions
from densearch.sampler import Capabilities, Effort, StudyPlan
from service.samplers.catalogue import option_faults
from service.samplers.round_sizes import of_batch


@dataclass(frozen=True, slots=True)
class SamplerInfo:
    """What a user may know about a sampler before choosing it.

    Attributes:
        name: What a spec calls it.
        title: What a page calls it.
        description: How it works, for the user.
        capabilities: What it can do.
        section: The options it takes.
        path: ``module:class`` of the implementation, see `service.extensions.loading`.
        effort: Returns the cost of its costliest ask for a study.
        requires: Modules that its extra (`Capabilities.needs`) installs.
        is_learned: Whether its density is learned with the weights, in one training: it searches
            no settings, spends no budget and tunes no control.
        has_local_phase: Whether it ends with a search that issues one trial at a time.
        package: What brings it, with its version, where it is not built in.
        round_size: Returns how many trials a study issues before it needs the value of any; of no
            meaning for samplers that speculate, which have no rounds.
    """

    name: str
    title: str
    description: str
    capabilities: Capabilities
    section: type[SamplerOptions]
    path: str
    effort: Callable[[StudyPlan], Effort]
    requires: tuple[str, ...] = ()
    is_learned: bool = False
    has_local_phase: bool = False
    package: str | None = None
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

    def option_faults(self, given: Mapping[str, object]) -> Iterator[tuple[str | None, str]]:
        """Yield (option, what is wrong), see `service.samplers.catalogue.option_faults`."""
        return option_faults.faults_of(self.name, self.section, given)

    def integers(self) -> dict[str, int]:
        """Return the options that are whole numbers, with their defaults."""
        properties = option_faults.schema_of(self.section)["properties"]
        return {
            name: schema["default"]
            for name, schema in properties.items()
            if schema.get("type") == "integer" and "default" in schema
        }

    def to_dict(self) -> dict[str, object]:
        """Return what a user sees of it; `options` is a JSON schema."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "capabilities": asdict(self.capabilities),
            "installed": self.is_installed,
            "package": self.package,
            "options": option_faults.schema_of(self.section),
        }
