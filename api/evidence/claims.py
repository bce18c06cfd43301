"""What the authors of weighted convolutions report, compared with what was measured here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from api.evidence.campaigns import CampaignRecord
from api.evidence.comparisons import DENSITY, PLAIN, SCALED, TUNED, compared, gain_of, searched_arm
from api.evidence.radius_section import slopes_in_words
from api.evidence.records import CellRecord
from api.evidence.tables import label, table
from service.report.effects import Effect

_NO_CELL = "no cell of this run answers it"


def claims_table(cells: Sequence[CellRecord], campaigns: Sequence[CampaignRecord] = ()) -> str:
    """Return a row for each claim; that on sizes is answered by campaigns."""
    sizes = slopes_in_words(campaigns) if campaigns else "not asked by this command"
    return table(
        ("the papers report", "measured here"),
        [
            ("a loss lower by up to 53 % (same learning rate)", _losses(cells)),
            ("10 points more accuracy (CIFAR-100)", _gains(cells, "accuracy", 100.0, "points")),
            ("2.5 dB more PSNR (DIV2K)", _gains(cells, "psnr_clipped_db", 1.0, "dB")),
            ("11 % more training time", _time(cells)),
            ("more data and larger networks make densities sharper", sizes),
        ],
    )


def _losses(cells: Sequence[CellRecord]) -> str:
    """Write the ratios to uniform at its own rate, and with a tuned rate, next to each other."""

    def untuned(cell: CellRecord) -> Effect | None:
        arm = searched_arm(cell)
        return compared(cell, arm, PLAIN) if arm is not None else None

    def tuned(cell: CellRecord) -> Effect | None:
        return compared(cell, DENSITY, TUNED)

    def shaped(cell: CellRecord) -> Effect | None:
        return compared(cell, DENSITY, SCALED)

    parts = [
        _range(cells, untuned, f"density / `{PLAIN}`, both at the default rate"),
        _range(cells, tuned, f"`{DENSITY}` / `{TUNED}`"),
        _range(cells, shaped, f"of it by the shape, `{DENSITY}` / `{SCALED}`"),
    ]
    return "; ".join(part for part in parts if part) or _NO_CELL


def _range(
    cells: Sequence[CellRecord], effect: Callable[[CellRecord], Effect | None], words: str
) -> str:
    found = [(own.change, cell) for cell in cells if (own := effect(cell)) and own.unit == "ratio"]
    if not found:
        return ""
    changes = [change for change, _ in found]
    least = min(found, key=lambda pair: pair[0])[1]
    return (
        f"{words}: {100 * min(changes):+.1f} to {100 * max(changes):+.1f} %, median "
        f"{100 * median(changes):+.1f} % in {len(found)} cells, the lowest for {label(least)}"
    )


def _gains(cells: Sequence[CellRecord], metric: str, factor: float, unit: str) -> str:
    def over(against: str) -> str:
        found = [gain_of(cell, metric, DENSITY, against) for cell in cells]
        gains = [factor * own.gain for own in found if own is not None]
        if not gains:
            return ""
        return (
            f"{min(gains):+.2f} to {max(gains):+.2f} {unit}, median {median(gains):+.2f}, in "
            f"{len(gains)} cells"
        )

    tuned, shaped = over(TUNED), over(SCALED)
    if not tuned:
        return _NO_CELL
    by_shape = f"; of it by the shape, against `{SCALED}`, {shaped}" if shaped else ""
    return f"against `{TUNED}` {tuned}{by_shape}; small networks and images"


def _is_plain(cell: CellRecord) -> bool:
    """Whether the search at the default rate chose the plain network: its time is no density's."""
    arm = searched_arm(cell)
    effect = compared(cell, arm, PLAIN) if arm is not None else None
    return effect is not None and effect.is_same


def _time(cells: Sequence[CellRecord]) -> str:
    overheads = [
        ((cell.report or {}).get("timing") or {}).get("overhead")
        for cell in cells
        if not _is_plain(cell)
    ]
    ratios = [100.0 * (own["ratio"] - 1.0) for own in overheads if own is not None]
    if not ratios:
        return _NO_CELL
    return (
        f"{min(ratios):+.0f} to {max(ratios):+.0f} %, median {median(ratios):+.0f} % in "
        f"{len(ratios)} cells (wall-clock time, other trainings running; paired "
        "steps of one network: `densearch bench operator`); none at inference: "
        "the density is folded into the weights"
    )
