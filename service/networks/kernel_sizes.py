"""The kernel sizes of a network: one for all of its convolutions, or one for each part of it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from densearch.plugins.sections import Section
from service.odd_size import OddSize


def _form(value: object) -> str:
    return "sizes" if isinstance(value, list) else "size"


KernelSize = Annotated[
    Annotated[OddSize, Tag("size")]
    | Annotated[list[OddSize], Field(min_length=1, max_length=64), Tag("sizes")],
    Discriminator(_form),
    Field(
        description="K of every convolution above 1x1, whose density has K taps along each axis; "
        "a list has one for each stage, or for each convolution where there are no stages."
    ),
]


class Convolutional(Section):
    """A network section with a field `kernel_size`.

    Attributes:
        parts: The field that counts what a list of kernel sizes is about, and what that is.
        has_stages: Whether these parts are stages.
    """

    parts: ClassVar[tuple[str, str]]
    has_stages: ClassVar[bool]

    @property
    def kernel_sizes(self) -> tuple[int, ...]:
        """The kernel size of each part, in the network's order."""
        wanted: int | list[int] = self.kernel_size  # type: ignore[attr-defined] # of each section
        n_parts: int = getattr(self, self.parts[0])
        return (wanted,) * n_parts if isinstance(wanted, int) else tuple(wanted)

    @field_validator("kernel_size", check_fields=False)
    @classmethod
    def _has_one_for_each_part(
        cls, wanted: int | list[int], info: ValidationInfo
    ) -> int | list[int]:
        """Hold a list to its length; one of equal sizes is that size, the same training."""
        field, part = cls.parts
        if isinstance(wanted, int) or field not in info.data:
            return wanted
        n_parts = info.data[field]
        if len(wanted) != n_parts:
            searchable = ", which also allows to search depth" if field == "depth" else ""
            raise ValueError(
                f"a list has a size for each {part}: give {n_parts} of them ({field}), not "
                f"{len(wanted)}, or one size for all{searchable}"
            )
        return wanted[0] if len(set(wanted)) == 1 else wanted


class Chain(Convolutional):
    """A network without stages: a list of kernel sizes has one for each convolution."""

    parts: ClassVar[tuple[str, str]] = ("depth", "convolution")
    has_stages: ClassVar[bool] = False


class Staged(Convolutional):
    """A network of stages: a list of kernel sizes has one for each of them."""

    parts: ClassVar[tuple[str, str]] = ("n_stages", "stage")
    has_stages: ClassVar[bool] = True
