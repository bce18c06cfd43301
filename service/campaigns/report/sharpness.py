"""The radius question of a campaign: the best radius of each cell, and its slopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.campaigns.matrix import label_of, same_text
from service.campaigns.report.cells import CellResult
from service.campaigns.report.radius import BestRadius, Slope, Valley, best_radius, slope_of
from service.records import Json

SEED = "seed"
N_TRAIN, WIDTH, KERNEL_SIZE = "task.n_train", "network.width", "network.kernel_size"
# What the slopes count, by the setting that doubles.
QUANTITIES = {N_TRAIN: "training samples", WIDTH: "channels of the network"}


@dataclass(frozen=True, slots=True)
class RadiusCell:
    """The jobs of a campaign that differ by their seed alone.

    Attributes:
        settings: What they have in common, by path.
        indices: Of their cells.
        sizes: Data, width of the network and size of its kernels, as far as they are numbers.
        best: Their best radius.
        rates: Learning rates of their trainings, rising; empty where reports do not say.
    """

    settings: Json
    indices: list[int]
    sizes: Mapping[str, float]
    best: BestRadius
    rates: list[float]


@dataclass(frozen=True, slots=True)
class Sharpness:
    """The answer to the radius question.

    Attributes:
        cells: In the order of the campaign.
        slopes: With the data and with the network's width, as far as they can be estimated.
        n_groups: Groups of the campaign's jobs that differ by their seed alone, those without an
            answer included.
        unknown: Quantities that the campaign varies and that have no slope.
        n_unscaled: Jobs whose densities do not have one scale, which are left out.
        n_untuned: Other jobs whose learning rate was not tuned for the plain network.
    """

    cells: list[RadiusCell]
    slopes: list[Slope]
    n_groups: int
    unknown: list[str]
    n_unscaled: int
    n_untuned: int


def sharpness_of(results: Sequence[CellResult]) -> Sharpness | None:
    """Fit the best radius of each cell, and how it changes; None where no job searched widths.

    It depends on the settings, specs and reports of the campaign's jobs alone: not on the order in
    which they ended, nor on other jobs. Jobs without a report are counted, and change no figure.
    """
    searched = [one for one in results if one.valley is not None]
    if not searched:
        return None
    scaled = [one for one in searched if one.valley and one.valley["is_normalised"]]
    cells = [_cell(own) for own in _groups(scaled)]
    slopes = _slopes(cells)
    shown = {slope.name for slope in slopes}
    return Sharpness(
        cells=cells,
        slopes=slopes,
        n_groups=len(_groups(results)),
        unknown=[name for name in _varied(results) if name not in shown],
        n_unscaled=len(searched) - len(scaled),
        n_untuned=sum(not _valley_in(one).get("is_rate_tuned", False) for one in scaled),
    )


def _groups(results: Sequence[CellResult]) -> list[list[CellResult]]:
    """Part cells into those that differ by their seed alone."""
    groups: dict[str, list[CellResult]] = {}
    for one in results:
        groups.setdefault(same_text(_without_seed(one.settings)), []).append(one)
    return list(groups.values())


def _varied(results: Sequence[CellResult]) -> list[str]:
    """Return the quantities of which cells have several values, whether or not they have ended."""
    values = {
        path: {same_text(one.settings[path]) for one in results if path in one.settings}
        for path in QUANTITIES
    }
    return [name for path, name in QUANTITIES.items() if len(values[path]) > 1]


def _valley_in(result: CellResult) -> Json:
    return result.valley or {}


def _without_seed(settings: Mapping[str, Any]) -> Json:
    return {path: value for path, value in settings.items() if path != SEED}


def _cell(own: Sequence[CellResult]) -> RadiusCell:
    first = own[0]
    width, kernel_size = first.network
    sizes = {N_TRAIN: first.n_train, WIDTH: width, KERNEL_SIZE: kernel_size}
    return RadiusCell(
        settings=_without_seed(first.settings),
        indices=[one.index for one in own],
        sizes={path: value for path, value in sizes.items() if value is not None},
        best=best_radius([_valley(one.valley) for one in own if one.valley is not None]),
        rates=sorted({lr for one in own if (lr := _valley_in(one).get("lr")) is not None}),
    )


def _valley(stored: Json) -> Valley:
    names = ("widths", "losses", "kernel_size", "n_dims")
    return Valley(**{name: stored[name] for name in names})


def _slopes(cells: Sequence[RadiusCell]) -> list[Slope]:
    """Return the slope for each quantity, all other settings being factors."""
    fitted = [one for one in cells if one.best.log_radius is not None]
    found = []
    for path, name in QUANTITIES.items():
        values = [one.sizes.get(path) for one in fitted]
        known = [value for value in values if value is not None]
        # A part of the data and a number of samples are no values of one quantity.
        if len(known) < len(values) or len({value < 1.0 for value in known}) != 1:
            continue
        radii = [one.best.log_radius or 0.0 for one in fitted]
        slope = slope_of(name, known, radii, [_factors(one, path) for one in fitted])
        found += [slope] if slope is not None else []
    return found


def _factors(cell: RadiusCell, path: str) -> Json:
    """Return the levels of all settings of a cell but one."""
    return {name: v for name, v in {**cell.settings, **cell.sizes}.items() if name != path}


def title_of(cell: RadiusCell) -> str:
    """Return a cell's settings for people."""
    return label_of(cell.settings) or "the base"
