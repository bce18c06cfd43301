"""The lines of the figures: one for each study, a common one for the repeats of a sampler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.records import Study
from service.states import Role


@dataclass(frozen=True, slots=True)
class Series:
    """A line of the figures, or the band of a sampler's repeats.

    Attributes:
        place: Its index, which selects colour, dash and symbol.
        name: That of its study, or of the sampler.
        role: That of its studies.
        studies: One, or the repeats in their order.
    """

    place: int
    name: str
    role: Role
    studies: tuple[Study, ...]

    @property
    def is_band(self) -> bool:
        """Whether it stands for several searches that differ by their seed alone."""
        return len(self.studies) > 1

    @property
    def label(self) -> str:
        """Its name in the legend."""
        return f"{self.name}, {len(self.studies)} repeats" if self.is_band else self.name


def series_of(studies: Sequence[Study]) -> list[Series]:
    """Group a job's studies, in their order; better speculations have no line of their own."""
    groups: dict[tuple[Role, str], list[Study]] = {}
    for study in studies:
        if study.role is not Role.SPECULATION:
            name = study.sampler if study.role is Role.SEARCH else study.name
            groups.setdefault((study.role, name), []).append(study)
    return [
        Series(place, name, role, tuple(group))
        for place, ((role, name), group) in enumerate(groups.items())
    ]


def by_study(studies: Sequence[Study]) -> dict[int, Series]:
    """Return the series of every study that has one, by the study's id."""
    return {study.id: found for found in series_of(studies) for study in found.studies}
