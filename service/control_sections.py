"""The section of a spec that names its controls: fixed densities, and settings that are tuned."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from densearch.density.families import MAX_KERNEL_SIZE, MAX_VALUE
from densearch.plugins.sections import Section

# Printable text on one line, not spaces alone: PostgreSQL refuses NUL, terminals and tables
# dislike the rest.
Label = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
    ),
]

ControlName = Literal[
    "uniform",
    "linear",
    "gaussian",
    "flat",
    "fixed",
    "uniform_tuned",
    "flat_tuned",
    "default_init_tuned",
    "density_tuned",
]
Family = Literal[
    "symmetric", "separable-symmetric", "separable", "radial", "full", "gaussian", "power"
]
Value = Annotated[float, Field(ge=-MAX_VALUE, le=MAX_VALUE)]
# One value for each tap along an axis.
Taps = Annotated[list[Value], Field(min_length=3, max_length=MAX_KERNEL_SIZE)]


class LearningRates(Section):
    """The range in which a tuned control searches its learning rate, logarithmic."""

    low: float = Field(gt=0, le=1e3, description="The least rate.")
    high: float = Field(gt=0, le=1e3, description="The greatest rate.")


class GivenDensity(Section):
    """A density by its values: free values of a family, or a list for each axis."""

    family: Family | None = Field(
        default=None, description="How vector becomes a density; symmetric if unset."
    )
    vector: Annotated[list[Value], Field(min_length=1, max_length=4096)] | None = Field(
        default=None,
        description="Free values, the outermost first: it is for kernels that have as many.",
    )
    alpha: Taps | None = Field(
        default=None, description="In place of a vector: all K values along the first axis."
    )
    beta: Taps | None = Field(default=None, description="Along the second axis; alpha if unset.")
    gamma: Taps | None = Field(default=None, description="Along the third axis; alpha if unset.")
    factor: float | None = Field(
        default=None,
        gt=0,
        le=MAX_VALUE,
        description="Root mean square of the density; without it the centre is 1.",
    )


class ControlSpec(Section):
    """A study that the searches are compared with: a fixed density, or settings tuned without."""

    name: ControlName = Field(description="Which density is trained, and what is tuned.")
    label: Annotated[str, Field(min_length=1, max_length=40)] | None = Field(
        default=None,
        exclude_if=lambda label: label is None,
        description="Fixed: the name of its study, such as that of a publication.",
    )
    densities: Annotated[list[GivenDensity], Field(min_length=1, max_length=32)] | None = Field(
        default=None,
        exclude_if=lambda densities: densities is None,
        description="Fixed: the densities, one for each size of kernel that the network has; "
        "those for other sizes are not used.",
    )
    lr: LearningRates | None = Field(
        default=None,
        description="Tuned controls: the range; that of the search, or an eighth to eight times "
        "the training's own, if unset.",
    )
    sampler: Label | None = Field(
        default=None,
        description="Tuned controls: what searches; the job's first sampler that can, if unset.",
    )
    sigma: float | None = Field(
        default=None,
        gt=0,
        le=1e3,
        description="Gaussian: in pixels; the kernel's half width if unset.",
    )
    factor: float | None = Field(
        default=None,
        gt=0,
        le=1e3,
        description="Flat: the factor; the root mean square of the best density if unset.",
    )

    @property
    def study(self) -> str:
        """Name of its study: of a fixed density the label."""
        return self.label or self.name
