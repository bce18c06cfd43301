"""What an entry point must name to be a network, a data set, an objective or a sampler.

Nothing here imports pydantic or torch, so that a server without torch and a worker without
pydantic check a plug-in against the same contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal, Protocol

from densearch.plugins.layer import Layer
from densearch.plugins.shape import InputShape
from densearch.sampler import Entry, Plan


class NetworkPlugin(Protocol):
    """What an entry point of `densearch.networks` names. Its module has to import without torch.

    Attributes:
        title: The name that pages show.
        tasks: The kinds of task that it fits: "classification", "denoising" and so on.
        n_dims: The numbers of axes that its samples may have, of 1 to 3.
        section: Its settings, a `densearch.plugins.OwnNetwork`; the docstring describes it, and
            every field has a default.
        takes: The argument after the colon of its `kind`, such as "NAME"; may be left out.
        built_on: Further packages whose versions its trainings depend on; may be left out.
    """

    title: ClassVar[str]
    tasks: ClassVar[Sequence[str]]
    n_dims: ClassVar[Sequence[int]]
    section: ClassVar[type[Any]]

    def layers(self, section: Any, /) -> Iterable[Layer]:  # noqa: ANN401 - its own section
        """List, in the order of `named_modules()`, the convolutions that carry a density."""

    def build(self, settings: Mapping[str, Any], shape: InputShape, n_outputs: int, /) -> Any:  # noqa: ANN401 - torch's
        """Build the `torch.nn.Module`; its weights are initialised afterwards.

        Args:
            settings: The section as plain values.
            shape: The shape of one sample.
            n_outputs: Classes, or channels of the output image.
        """


class DatasetPlugin(Protocol):
    """What an entry point of `densearch.datasets` names. Its module has to import without torch.

    Attributes:
        title: The name that pages show.
        info: For each kind of task that it fits, such as "classification", the
            `densearch.plugins.DataInfo` of its samples.
    """

    title: ClassVar[str]
    info: ClassVar[Mapping[str, Any]]

    def load(self, task: str, /) -> Mapping[str, Any]:
        """Return the samples of the splits `train`, `validation` and `test`, always the same.

        Args:
            task: The kind of task.

        Returns:
            By split the samples in the form that docs/own-networks.md lists for the kind of task.
        """


class ObjectivePlugin(Protocol):
    """What an entry point of `densearch.objectives` names. Its module has to import without torch.

    Attributes:
        title: The name that pages show.
        outputs: The output of its networks: "classes", a row of numbers for each sample, or
            "image", an output of a sample's size. It takes the networks of classification or those
            of denoising.
        section: Its settings, a `densearch.plugins.OwnTask`; the docstring describes it, and every
            field has a default.
    """

    title: ClassVar[str]
    outputs: ClassVar[Literal["classes", "image"]]
    section: ClassVar[type[Any]]

    def data_of(self, section: Any, /) -> Any:  # noqa: ANN401 - its own section
        """Return the `densearch.plugins.DataInfo` of its samples."""

    def build(
        self,
        settings: Mapping[str, Any],
        device: Any,  # noqa: ANN401 - torch's
        training: Mapping[str, Any],
        data_dir: str | None,
        /,
    ) -> Any:  # noqa: ANN401 - needs torch
        """Build the `densearch.plugins.Objective`.

        Args:
            settings: The section as plain values.
            device: A `torch.device`, where its data are kept.
            training: The job's training section; a ValueError refuses what makes no sense.
            data_dir: Where the stored data sets lie.
        """


class SamplerPlugin(Protocol):
    """What an entry point of `densearch.samplers` names: a class, made with a `StudyPlan`.

    It inherits `densearch.plugins.Sampler`; its docstring is its description. The server imports
    its module: import what takes long where a point is computed.

    Attributes:
        title: The name that pages show.
        section: Its options, a `densearch.plugins.SamplerOptions`; every field has a default.
        capabilities: Its `densearch.plugins.Capabilities`; it cannot be speculative.
        built_on: Further packages whose versions its points depend on; may be left out.
        effort: A static method from `StudyPlan` to the `densearch.plugins.Effort` of its costliest
            ask; may be left out. It is asked in a separate process whatever it answers.
    """

    title: ClassVar[str]
    section: ClassVar[type[Any]]
    capabilities: ClassVar[Any]

    def plan(self, log: Sequence[Entry]) -> Plan:
        """See `densearch.plugins.Sampler`."""


# By group of entry points.
CONTRACTS: Mapping[str, type] = MappingProxyType(
    {
        "densearch.networks": NetworkPlugin,
        "densearch.datasets": DatasetPlugin,
        "densearch.objectives": ObjectivePlugin,
        "densearch.samplers": SamplerPlugin,
    }
)


def parts_of(group: str) -> tuple[str, ...]:
    """Return the names that an object needs to be one of a group: attributes, then methods."""
    contract = CONTRACTS[group]
    methods = (name for name, part in vars(contract).items() if callable(part) and name[0] != "_")
    return (*contract.__annotations__, *methods)
