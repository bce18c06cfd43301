"""What a list of a job's trials is asked for, in the same words by REST and on the page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from api.paging import EMPTY_IS_NONE, MAX_ID, Place, Word
from densearch.names import shown
from service.errors import NotFoundError
from service.jobs.progress import STANDING
from service.records import Study
from service.states import Phase, TrialState
from service.storage import studies, trial_pages
from service.storage.trial_pages import ParamRange, TrialFilter, TrialKey, TrialOrder, TrialPlace

# Of the parameters that name a param.
PREFIX = "p."
_NAME = re.compile(r"(.+?)(?:\[(\d{1,4})\])?")
PhaseWord = Literal[
    "search", "promotion", "confirmation", "evaluation", "superseded", "all", "any"
]


class TrialSort(StrEnum):
    """An order of trials; with a minus it falls."""

    OLDEST = "oldest"
    NEWEST = "newest"
    NUMBER = "number"
    NUMBER_FALLING = "-number"
    VALUE = "value"
    VALUE_FALLING = "-value"
    TRAINING = "training"
    TRAINING_FALLING = "-training"
    STATE = "state"
    STATE_FALLING = "-state"
    STUDY = "study"
    STUDY_FALLING = "-study"

    @property
    def order(self) -> TrialOrder:
        """The order that it names."""
        word = self.value.removeprefix("-")
        key = TrialKey.ID if word in {"oldest", "newest"} else TrialKey(word)
        return TrialOrder(key, is_falling=self.value.startswith("-") or word == "newest")


# Of the number alone: nothing has no size to be checked.
_Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = Annotated[_Finite | None, EMPTY_IS_NONE]


class TrialsQuery(BaseModel):
    """Which trials are listed, in which order.

    A param `NAME` is filtered by ``p.NAME``: see `wanted_of`.
    """

    phase: Annotated[PhaseWord, BeforeValidator(lambda value: value or "search")] = Field(
        default="search",
        description="What the trials serve; `all` leaves out those that are superseded, "
        "`any` nothing.",
    )
    study: Annotated[Word | None, EMPTY_IS_NONE] = Field(
        default=None, description="Name or id of a study."
    )
    sampler: Annotated[Word | None, EMPTY_IS_NONE] = Field(
        default=None, description='Name of a sampler; "fixed": controls.'
    )
    state: Annotated[TrialState | None, EMPTY_IS_NONE] = None
    sort: Annotated[TrialSort, BeforeValidator(lambda value: value or TrialSort.OLDEST)] = Field(
        default=TrialSort.OLDEST,
        description="A minus for falling; trials without such a value come last.",
    )
    min_value: Number = Field(default=None, description="The least value.")
    max_value: Number = Field(default=None, description="The greatest value.")
    text: Annotated[Word | None, EMPTY_IS_NONE] = Field(
        default=None, description="A part of the error."
    )
    from_number: Annotated[int | None, EMPTY_IS_NONE] = Field(
        default=None, ge=0, le=MAX_ID, description="Where an order by `number` begins."
    )
    cursor: Place = None

    @property
    def after(self) -> TrialPlace | None:
        """The place of the last trial that was seen."""
        return TrialPlace.of(self.cursor) if self.cursor else None


def phases_of(word: PhaseWord) -> Sequence[Phase] | None:
    """Return the phases that a word names; None for all of them."""
    if word == "any":
        return None
    return STANDING if word == "all" else (Phase(word),)


def wanted_of(session: Session, job_id: int, query: TrialsQuery, request: Request) -> TrialFilter:
    """Read what is asked for.

    ``p.NAME=LOW..HIGH`` keeps the trials whose param lies there, ends included, either of which
    may be left out; ``p.NAME=VALUE`` those with that number or text, ``p.NAME[0]=...`` looks at
    the first of a list.

    Raises:
        NotFoundError: The job has no such study.
        RequestValidationError: It has no such param, or a range is none.
    """
    low, high = query.min_value, query.max_value
    if low is not None and high is not None:
        with _naming("min_value"):
            _check_order(low, high, f"{low:.15g}", f"{high:.15g}")
    own = studies.of_job(session, job_id)
    return TrialFilter(
        phases=phases_of(query.phase),
        study_ids=_chosen(own, query.study, query.sampler),
        state=query.state,
        min_value=query.min_value,
        max_value=query.max_value,
        text=query.text,
        from_number=query.from_number,
        params=dict(_params(session, job_id, request.query_params)),
    )


def _chosen(own: Sequence[Study], name: str | None, sampler: str | None) -> list[int] | None:
    """Return the ids of the studies that are asked for; None for all."""
    if name is None and sampler is None:
        return None
    called = [study for study in own if name in (None, study.name, str(study.id))]
    if name is not None and not called:
        raise NotFoundError("study", shown(name))
    return [study.id for study in called if sampler in (None, study.sampler)]


def _params(
    session: Session, job_id: int, given: QueryParams
) -> Iterator[tuple[trial_pages.Path, ParamRange]]:
    asked = {k: v for k, v in given.items() if k.startswith(PREFIX) and v != ""}
    known = trial_pages.sample_params(session, job_id) if asked else {}
    for parameter, text in asked.items():
        with _naming(parameter):
            path, example = _path_of(parameter.removeprefix(PREFIX), known)
            wanted = range_of(text, is_number=isinstance(example, int | float))
        yield path, wanted


@contextmanager
def _naming(parameter: str) -> Iterator[None]:
    """Have what is wrong with a parameter answered with its name."""
    try:
        yield
    except ValueError as error:
        where = ("query", shown(parameter))
        fault = {"loc": where, "msg": shown(str(error)), "type": "value"}
        raise RequestValidationError([fault]) from error


def _path_of(name: str, known: Mapping[str, Any]) -> tuple[trial_pages.Path, Any]:
    """Return where a param stands, and an example of its value."""
    if name in known and not isinstance(known[name], list):
        return name, known[name]
    match = _NAME.fullmatch(name)
    bare, index = match.groups() if match else (name, None)
    if bare not in known:
        listed = ", ".join(names_of(known)) or "none yet"
        raise ValueError(f"no trial has this param; there are: {listed}")
    values = known[bare]
    if index is None or not isinstance(values, list) or int(index) >= len(values):
        raise ValueError(f"name one of {', '.join(names_of({bare: values}))}")
    return (bare, int(index)), values[int(index)]


def names_of(params: Mapping[str, Any]) -> list[str]:
    """Return the names by which single values of params are asked for."""
    return [name for name, _ in values_of(params)]


def values_of(params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each single value of params with its name: `lr`, `den[0]`, `den[1]`."""
    for name, value in params.items():
        if isinstance(value, list):
            yield from ((f"{name}[{index}]", one) for index, one in enumerate(value))
        else:
            yield name, value


def range_of(text: str, *, is_number: bool) -> ParamRange:
    """Read a range, a number or, where values are no numbers, a word.

    Raises:
        ValueError: It is none of them, or its ends are in the wrong order.
    """
    first, dots, last = text.partition("..")
    if not is_number and not dots:
        return ParamRange(word=text)
    low, high = (_end(first, -math.inf), _end(last if dots else first, math.inf))
    _check_order(low, high, first, last)
    return ParamRange(low, high)


def _check_order(low: float, high: float, first: str, last: str) -> None:
    if low > high:
        raise ValueError(f"{first} is above {last}: give the lower one first")


def _end(text: str, none: float) -> float:
    if not text:
        return none
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise ValueError("give a number, or a range as 0.1..0.5, 0.1.. or ..0.5")
    if math.isinf(number):
        raise ValueError(f"{text} is not finite: leave out an end that is open, as in 0.1..")
    return number
