"""External trainings: programs of the user's own ask for trials and report their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from densearch.plugins.data_info import DataInfo
from densearch.plugins.layer import Layer
from densearch.plugins.sections import OwnNetwork, OwnTask, Section
from service.odd_size import OddSize
from service.tasks.info import TaskInfo

KIND = "external"
MAXIMIZE = "maximize"
# Names of layers are columns, parts of file names and text on pages.
LayerName = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]


class ExternalLayer(Section):
    """A convolution of the trainer's network that carries a density."""

    kernel_size: OddSize = Field(description="K, odd.")
    stage: int | None = Field(
        default=None, ge=1, le=1000, description="Its stage, where density.scope is stage."
    )


def _sized(value: object) -> object:
    return {"kernel_size": value} if isinstance(value, int) else value


class ExternalTask(OwnTask):
    """A program of the user's own trains; it asks for trials and reports their values."""

    kind: Literal["external"]
    metric: str = Field(
        min_length=1,
        max_length=100,
        pattern=r"^[A-Za-z][A-Za-z0-9_./@ -]*$",
        description="What the trainer reports, such as mAP50: pages and the report show it.",
    )
    direction: Literal["minimize", "maximize"] = Field(
        default="minimize", description="Which values of the metric are better."
    )
    n_dims: int = Field(
        default=2, ge=1, le=3, description="Axes of the kernels: 1 signals, 2 images, 3 volumes."
    )
    kernel_size: OddSize | None = Field(
        default=None,
        description="K of all convolutions that carry a density; 3 without `layers`.",
    )
    layers: (
        Annotated[
            dict[
                LayerName,
                Annotated[
                    ExternalLayer,
                    BeforeValidator(_sized, json_schema_input_type=ExternalLayer | OddSize),
                ],
            ],
            Field(min_length=1, max_length=1000),
        ]
        | None
    ) = Field(
        default=None,
        description="The convolutions that carry a density, by name: K, or K and the stage.",
    )
    epochs: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="Epochs of a training; needed for pruning and fidelity.",
    )
    lease_s: float = Field(
        default=60.0,
        ge=5,
        le=86_400,
        description="Seconds without a heartbeat after which a trial is offered again.",
    )

    @property
    def is_maximized(self) -> bool:
        """Whether larger values are better."""
        return self.direction == MAXIMIZE

    @property
    def data(self) -> DataInfo:
        """What is known of the trainer's data."""
        return DataInfo(n_dims=self.n_dims)

    @property
    def network(self) -> ExternalNetwork:
        """The trainer's network, as far as the spec describes it."""
        found = self.layers or {WHOLE: ExternalLayer(kernel_size=self.kernel_size or 3)}
        layers = tuple(Layer(name, own.kernel_size, own.stage) for name, own in found.items())
        return ExternalNetwork(kind="external", layers=layers)


# The layer that stands for all, where the spec names none.
WHOLE = "all"


class ExternalNetwork(OwnNetwork):
    """The network of a trainer outside: its convolutions that carry a density."""

    kind: Literal["external"]
    layers: tuple[Layer, ...]


def minimised(task: Mapping[str, object], value: float) -> float:
    """Return a reported value as it is searched: lower is better. The only place that turns it.

    It is its own inverse.

    Args:
        task: The task section of a spec or a payload, as JSON.
        value: As the trainer reports it, or as it is searched.
    """
    is_maximized = task.get("kind") == KIND and task.get("direction") == MAXIMIZE
    return 0.0 - value if is_maximized else value


INFO = TaskInfo(
    section=ExternalTask,
    example=(
        "My own trainer: a program of yours trains and reports its values",
        {
            "name": "my own trainer",
            "seed": 0,
            "task": {
                "kind": "external",
                "metric": "validation loss",
                "direction": "minimize",
                "kernel_size": 5,
                "epochs": 10,
            },
            "density": {"family": "symmetric"},
            "search": {"lr": {"low": 0.001, "high": 0.1, "log": True}},
            "samplers": ["direct_l"],
            "controls": ["uniform", "uniform_tuned"],
            "budget": {"n_trials": 30},
            "evaluation": {"n_seeds": 5},
        },
    ),
)
