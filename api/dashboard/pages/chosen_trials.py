"""Trials as readers name them: by number within a study, as the pages show it, or by id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.paging import MAX_ID
from densearch.names import MAX_LENGTH, quoted
from service.records import Study
from service.states import Phase
from service.storage import training_curves

ID = "id"
MOST_FAULTS = 3
# Of one name; matching takes the square of its characters.
MOST_CHARACTERS = MAX_LENGTH + 30
_NAME = re.compile(r"(?:(.+?)(?:\s+|\s*[#:]\s*))?#?([0-9]+)")
_NUMBERS = re.compile(r"(?:#?[0-9]+\s+)+#?[0-9]+")


@dataclass(frozen=True, slots=True)
class TrialName:
    """A trial as a reader names it.

    Attributes:
        number: Within its study, or its id.
        study: The study's name; None for that number in every study, `ID` for an id.
    """

    number: int
    study: str | None = None

    def __str__(self) -> str:
        """Return it as it is typed."""
        return f"{self.study} {self.number}" if self.study else str(self.number)


def names_in(texts: Sequence[str]) -> tuple[list[TrialName], list[str]]:
    """Read names such as "direct_l 12", "12" or "id 345", with commas between them.

    Returns:
        The names, each once, and what is wrong with the others, as sentences.
    """
    found, faults = [], []
    for part in _parts(texts):
        match = _NAME.fullmatch(part) if len(part) <= MOST_CHARACTERS else None
        if match is None or len(match.group(2)) >= len(str(MAX_ID)):
            faults.append(f"{quoted(part, 40)} names no trial: write direct_l 12, or 12.")
        else:
            found.append(TrialName(int(match.group(2)), match.group(1)))
    return list(dict.fromkeys(found)), faults[:MOST_FAULTS]


def _parts(texts: Sequence[str]) -> Iterator[str]:
    for part in re.split(r"[,;]", ",".join(texts)):
        is_many = _NUMBERS.fullmatch(part.strip()) is not None
        yield from part.split() if is_many else ([part.strip()] if part.strip() else [])


def ids_of(
    session: Session, job_id: int, phase: Phase, own: Sequence[Study], names: Sequence[TrialName]
) -> tuple[list[int], list[str]]:
    """Return the ids of the trainings that are named, and what is wrong, as sentences.

    Args:
        session: In a transaction.
        job_id: Which job.
        phase: In which the trainings are that numbers name; ids name any.
        own: The studies of the job, in their order.
        names: As readers gave them.
    """
    numbers = {one.number for one in names if one.study != ID}
    known = training_curves.by_number(session, job_id, phase, numbers)
    studies = {study.id: study.name for study in own}
    found: list[int] = []
    faults = []
    for name in names:
        ids = [
            trial_id
            for study_id in studies
            for trial_id in known.get((study_id, name.number), ())
            if name.study in (None, studies[study_id])
        ]
        if name.study == ID and ID not in studies.values():
            ids = [
                one.trial_id for one in training_curves.curves_of(session, job_id, [name.number])
            ]
        if not ids:
            faults.append(_absence(name, studies.values()))
        found += ids
    return list(dict.fromkeys(found)), faults[:MOST_FAULTS]


def _absence(name: TrialName, studies: Iterable[str]) -> str:
    if name.study not in {None, ID, *studies}:
        return f"The job has no study {quoted(str(name.study), 40)}."
    return f"There is no training {quoted(str(name), 60)} here, or it has no curve."
