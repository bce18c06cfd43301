"""How many trainings each cell's decision took, next to a plan without its savings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.evidence.records import CellRecord
from api.evidence.tables import label, table

# Of the plan that is compared with: it ends at no look, and searches with whole trainings.
PLANNED_SEEDS = 20
_WORDS = (
    "Trainings to a decision, in trainings of full length. The plan next to them trains every "
    f"point of the searches in full and every final arm with {PLANNED_SEEDS} seeds; nothing is "
    "trained twice by it either. Searches include the promoted trainings and validation seeds."
)


@dataclass(frozen=True, slots=True)
class DecisionCost:
    """Trainings of a cell, in units of a full training.

    Attributes:
        searches: Of all searches as they were run.
        finals: Different final trainings; arms that are the same training count once.
        planned: Of a plan with full-length searches and 20 seeds.
    """

    searches: float
    finals: int
    planned: float

    @property
    def share(self) -> float:
        """Of the planned trainings."""
        return (self.searches + self.finals) / self.planned


def cost_of(cell: CellRecord) -> DecisionCost | None:
    """Return what a cell's decision took; None where its searches trained in full."""
    fidelity = (cell.report or {}).get("fidelity")
    if not fidelity or not cell.trainings:
        return None
    epochs = (cell.spec or {})["training"]["epochs"]
    finals = len({(own.seed, own.loss) for own in cell.trainings})
    n_seeds = 1 + max(own.seed for own in cell.trainings)
    planned = fidelity["full_epochs"] / epochs + finals * PLANNED_SEEDS / n_seeds
    return DecisionCost(fidelity["run_epochs"] / epochs, finals, planned)


def section(cells: Sequence[CellRecord]) -> str:
    """Return the table of all cells with a sum; empty where no cell has a cost."""
    found = [(cell, own) for cell in cells if (own := cost_of(cell)) is not None]
    if not found:
        return ""
    rows = [_row(label(cell), own) for cell, own in found]
    costs = [own for _, own in found]
    total = DecisionCost(
        sum(own.searches for own in costs),
        sum(own.finals for own in costs),
        sum(own.planned for own in costs),
    )
    head = ("task, kernels", "searches", "final trainings", "planned", "share of the plan")
    return f"{_WORDS}\n\n{table(head, [*rows, _row('all', total)])}"


def _row(name: str, own: DecisionCost) -> tuple[str, ...]:
    return name, f"{own.searches:.1f}", str(own.finals), f"{own.planned:.1f}", f"{own.share:.2f}"
