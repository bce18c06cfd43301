"""The part of the evidence page on how the best radius changes with data and network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from api.evidence.campaigns import CampaignRecord, CampaignRun
from api.evidence.tables import table
from densearch.plurals import counted
from service.campaigns.report.sharpness import N_TRAIN, QUANTITIES

HEADING = "## Do more data and larger networks make densities sharper?"
_HOW = (
    "The best of Gaussian densities of one scale on 5x5 kernels, as an effective radius in taps, "
    "trained for a constant number of steps at the learning rate that is best for the plain "
    "network of each size ([protocol](protocol.md#amendment-1-the-campaign)); next to it, for "
    "as many epochs ([why](protocol.md#amendment-2-equal-epochs-next-to-equal-steps)). A slope is "
    "the change of this radius where a quantity doubles, with the other held; below 0 is sharper. "
    "Its unit is the cell; a cell without an optimum among the widths is no data point."
)
_OF_RATES = (
    "A network of another size may be trained at another learning rate, which may move the "
    "radius, too: the table of cells has the rates."
)
_Slope = Mapping[str, Any]
DATA = QUANTITIES[N_TRAIN]
_STANDINGS = {
    "flat": "no optimum to speak of",
    "outside": "not among the widths tried",
    "too few": "too few widths",
}


def section(run: CampaignRun, file: str) -> str:
    """Return the part of the page, with its heading.

    Args:
        run: What the campaigns gave.
        file: Name of the file that `run` was read from.
    """
    ended = [one for one in run.campaigns if (one.report or {}).get("radius")]
    skipped = [f"- {one.task}: {one.skipped}." for one in run.campaigns if one.skipped]
    parts = [HEADING, _HOW]
    parts += (
        [_answer(ended), _slopes(ended), _cells(ended)] if ended else ["No campaign has ended."]
    )
    parts += ["\n".join(skipped)] if skipped else []
    return "\n\n".join([*parts, f"All jobs of the campaigns: [{file}]({file})."])


def _radius(one: CampaignRecord) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (one.report or {})["radius"]
    return found


def _answer(ended: Sequence[CampaignRecord]) -> str:
    """Say first what the registered question finds, then how many cells have no optimum."""
    cells = [cell for one in ended for cell in _radius(one)["cells"]]
    n_flat = sum(cell["radius"] is None for cell in cells)
    return (
        f"**{slopes_in_words(ended)}** {n_flat} of {counted(len(cells), 'cell')} have no optimum "
        f"among the widths. {_OF_RATES}"
    )


def slopes_in_words(campaigns: Sequence[CampaignRecord]) -> str:
    """Say what the slopes show: those on the data, then the secondary ones."""
    data, network, epochs = list[_Slope](), list[_Slope](), list[_Slope]()
    for one in campaigns:
        for slope in _radius(one)["slopes"] if (one.report or {}).get("radius") else ():
            kind = network if slope["name"] != DATA else epochs if one.is_secondary else data
            kind.append(slope)
    parts = [f"Shown with more data: {_shown(data)}" if data else "No slope on the data"]
    parts += [f"at equal epochs (secondary): {_shown(epochs)}"] if epochs else []
    larger = "with a larger network (secondary, uncorrected)"
    parts += [f"{larger}: {_shown(network)}"] if network else []
    return f"{'; '.join(parts)}."


def _shown(slopes: Sequence[_Slope]) -> str:
    sharper, wider = (
        sum(slope["is_shown"] and (slope["change"] < 0.0) is down for slope in slopes)
        for down in (True, False)
    )
    return f"{sharper} sharper and {wider} wider, of {counted(len(slopes), 'slope')}"


def _is_primary(one: CampaignRecord, slope: _Slope) -> bool:
    return slope["name"] == DATA and not one.is_secondary


def _slopes(ended: Sequence[CampaignRecord]) -> str:
    rows = [
        (
            one.task,
            slope["name"] if _is_primary(one, slope) else f"{slope['name']} (secondary)",
            f"{slope['low_value']:,.6g} to {slope['high_value']:,.6g}",
            f"{slope['change']:+.1%} {_ends(slope, '+.1%')}",
            f"{slope['p']:.2g}",
            str(slope["n_cells"]),
            ("sharper" if slope["change"] < 0.0 else "wider")
            if slope["is_shown"]
            else "not shown",
        )
        for one in ended
        for slope in _radius(one)["slopes"]
    ]
    if not rows:
        return "Too few cells have an optimum: there is no slope."
    head = ("task", "quantity", "range", "radius for each doubling [95 %]", "p", "cells", "answer")
    return table(head, rows)


def _cells(ended: Sequence[CampaignRecord]) -> str:
    rows = [
        (
            one.task,
            cell["label"],
            _STANDINGS[cell["standing"]]
            if cell["radius"] is None
            else f"{cell['radius']:.3f} {_ends(cell, '.3f')}".strip(),
            ", ".join(f"{rate:.3g}" for rate in cell["rates"]),
            str(cell["n_jobs"]),
        )
        for one in ended
        for cell in _radius(one)["cells"]
    ]
    return table(("task", "cell", "best radius [95 % over seeds]", "learning rate", "seeds"), rows)


def _ends(values: Mapping[str, Any], form: str) -> str:
    low, high = values["low"], values["high"]
    return "" if low is None else f"[{low:{form}}, {high:{form}}]"
