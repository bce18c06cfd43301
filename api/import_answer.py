"""An import of a data set as the REST API shows it."""

from __future__ import annotations

from api.problems.handlers import document_of
from densearch.answers import ImportAnswer, Json
from service.datasets.progress import UNITS, Stage
from service.errors import ImportLostError
from service.records import STORED, Import
from service.states import ImportState


def answer_of(found: Import) -> ImportAnswer:
    """Return an import in the shape that the library defines."""
    name = f"{STORED}:{found.dataset_id}" if found.dataset_id is not None else None
    ended_at = found.ended_at.isoformat() if found.ended_at is not None else None
    return {
        "id": found.id,
        "name": found.name,
        "state": found.state.value,
        "stage": Stage(found.stage).value,
        "n_done": found.n_done,
        "n_total": found.n_total,
        "unit": UNITS.get(Stage(found.stage)),
        "problem": problem_of(found),
        "dataset_id": found.dataset_id,
        "dataset": name,
        "created_at": found.created_at.isoformat(),
        "ended_at": ended_at,
    }


def problem_of(found: Import) -> Json | None:
    """Return the problem document of an import that stored nothing; None of others."""
    if found.state is ImportState.LOST:
        return document_of(ImportLostError())
    return found.problem
