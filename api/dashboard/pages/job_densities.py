"""The page of a job with its densities: the best of every study, and those of single trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from sqlalchemy.orm import Session

from api.dashboard.figures.density_profiles import (
    NamedChain,
    NamedDensity,
    field_figure,
    profile_figure,
)
from api.dashboard.figures.figure_request import FigureRequest
from api.dashboard.figures.heatmaps import plane, spread_of
from api.dashboard.figures.themes import Figure
from api.dashboard.pages.density_cards import DensityCard, cards_of
from api.dashboard.pages.job_head import JobHead, head_of
from api.dashboard.pages.trial import planes_of
from densearch.names import quoted
from service.jobs import progress
from service.records import Job, Study, Trial
from service.states import Role
from service.storage import overview, studies

# The one network whose convolutions are a chain at one resolution.
CHAIN = "dncnn"
Rows = list[list[float]]
SHOWN: Mapping[str, str] = MappingProxyType(
    {"phi": "Φ as it is", "shape": "difference to a flat density of the same scale"}
)


@dataclass(frozen=True, slots=True)
class DensityTile:
    """A density as a small picture: Phi as `rows`, its central slice in 3-D."""

    card: DensityCard
    rows: Rows


@dataclass(frozen=True, slots=True)
class TrialSlide:
    """The densities of one trial of a search.

    Attributes:
        studies: The searches that may be chosen.
        last: The greatest number that there is.
        planes: Phi as rows, by group of layers; empty for the plain convolution.
    """

    studies: Sequence[Study]
    study: Study
    number: int
    last: int
    trial: Trial | None
    planes: Mapping[str, Rows]

    @property
    def is_learned(self) -> bool:
        """Whether the density was learned with the weights: there is none to begin with."""
        return self.trial is not None and self.trial.learned is not None


@dataclass(frozen=True, slots=True)
class DensitiesTab:
    """What the page of the densities shows: all on one scale.

    Attributes:
        shown: One of `SHOWN`.
        slide: None while no search has a trial.
        faults: What is wrong with the address, as sentences.
    """

    head: JobHead
    tiles: Sequence[DensityTile]
    shown: str
    slide: TrialSlide | None
    faults: Sequence[str]

    @property
    def is_chain(self) -> bool:
        """Whether the receptive field of the whole network is known before training."""
        return _is_chain(self.head.job)

    @property
    def choices(self) -> Mapping[str, str]:
        """What may be shown of a density."""
        return SHOWN

    @property
    def spread(self) -> float:
        """How far they lie from 1 at most."""
        return spread_of(tile.rows for tile in self.tiles)

    @property
    def slide_spread(self) -> float:
        """The same of the trial's, and at least that of the best ones."""
        planes = self.slide.planes.values() if self.slide is not None else ()
        best = spread_of(plane(tile.card.density) for tile in self.tiles)
        return max(best, spread_of(planes))


def densities_tab(
    session: Session, job_id: int, query: Mapping[str, str] | None = None
) -> DensitiesTab:
    """Read the page of a job's densities.

    Args:
        session: In a transaction.
        job_id: Which job.
        query: The selections in the address; a wrong one is said in the page.

    Raises:
        NotFoundError: There is no such job.
    """
    query = query or {}
    head, faults = head_of(session, job_id), []
    shown = query.get("show", "phi")
    if shown not in SHOWN:
        faults.append(
            f"The address has show={quoted(shown, 40)}, which is none of {', '.join(SHOWN)}."
        )
        shown = "phi"
    cards = cards_of(session, job_id, head.studies)
    tiles = [DensityTile(card, _rows(plane(card.density), shown)) for card in cards]
    slide = _slide(session, head, query, faults)
    return DensitiesTab(head, tiles, shown, slide, faults)


def _rows(rows: Rows, shown: str) -> Rows:
    return rows if shown == "phi" else of_scale_1(rows)


def of_scale_1(rows: Rows) -> Rows:
    """Return a density over its root mean square: a flat one is 1 everywhere."""
    values = [value for row in rows for value in row]
    scale = math.sqrt(sum(value * value for value in values) / len(values))
    return [[value / scale for value in row] for row in rows] if scale > 0 else rows


def _slide(
    session: Session, head: JobHead, query: Mapping[str, str], faults: list[str]
) -> TrialSlide | None:
    searches = [study for study in head.studies if study.role is Role.SEARCH]
    if not searches or not head.trains:
        return None
    name = query.get("study", "")
    best = progress.leading(head.job, head.studies) or searches[0]
    study = next((own for own in searches if own.name == name), None)
    if name and study is None:
        faults.append(f"This job has no search that is called {quoted(name)}.")
    study = study or next((own for own in searches if own.id == best.id), searches[0])
    last = overview.last_number(session, study.id)
    if last is None:
        return None
    number = _number(query.get("number", ""), last, faults)
    trial = overview.of_number(session, study.id, number)
    planes = {} if trial is None else planes_of(trial.payload.get("phi"))
    return TrialSlide(searches, study, number, last, trial, planes)


def _number(text: str, last: int, faults: list[str]) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 12:
        if int(text) > last:
            faults.append(f"This search has no trial {int(text)} yet: the last one is {last}.")
        return min(int(text), last)
    if text:
        faults.append(f"The address has number={quoted(text, 40)}, which is no number of a trial.")
    return 0


def draw_profiles(request: FigureRequest) -> Figure | None:
    """Return the figure of the best densities by radius."""
    own = _cards(request)
    densities = [
        NamedDensity(card.study.name, card.label, np.array(card.density.phi)) for card in own
    ]
    return profile_figure(densities, request.theme)


def draw_fields(request: FigureRequest) -> Figure | None:
    """Return the figure of the receptive fields of the best densities."""
    network = request.job.spec.get("network") or {}
    is_chain = _is_chain(request.job)
    chains: dict[str, list[np.ndarray]] = {}
    for card in _cards(request):
        name = card.study.name if is_chain else card.label
        n_layers = (len(card.layers) or int(network.get("depth", 1))) if is_chain else 1
        chains.setdefault(name, []).extend([np.array(card.density.phi)] * n_layers)
    lengths = {len(own) for own in chains.values()}
    named = [NamedChain(name, own) for name, own in chains.items()]
    return field_figure(named, max(lengths, default=1) if is_chain else None, request.theme)


def _is_chain(job: Job) -> bool:
    return (job.spec.get("network") or {}).get("kind") == CHAIN


def _cards(request: FigureRequest) -> list[DensityCard]:
    own = studies.of_job(request.session, request.job.id)
    return cards_of(request.session, request.job.id, own)
