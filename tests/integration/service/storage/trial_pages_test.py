"""Pages of trials against sorting and filtering in memory: orders, places, filters, params."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest

from service import clock
from service.records import Trial
from service.states import Phase, TrialState
from service.storage import studies, trial_pages, trials
from service.storage.database import Database
from service.storage.trial_pages import (
    ParamRange,
    TrialFilter,
    TrialKey,
    TrialOrder,
    TrialPlace,
)
from tests.support import seeding

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)

N = 90
Shown = Callable[[Trial], Any]
KEYS: dict[TrialKey, Shown] = {
    TrialKey.ID: lambda t: t.id,
    TrialKey.NUMBER: lambda t: t.number,
    TrialKey.VALUE: lambda t: None if t.is_diverged else t.value,
    TrialKey.TRAINING: lambda t: None if t.cached_from else t.training_s,
    TrialKey.STATE: lambda t: t.state.value,
    TrialKey.STUDY: lambda t: t.study_id,
}


def stored(database: Database) -> tuple[int, list[Trial]]:
    """Store a job's trials with equal and missing values among those of another job."""
    jobs = [seeding.submit(database, name).id for name in ("other", "one")]
    chance = random.Random(5)
    for job_id in jobs:
        with database.write() as session:
            own = studies.of_job(session, job_id)[:2]
            rows = [row_of(chance, job_id, own[n % 2].id, n) for n in range(N)]
            trials.insert_all(session, rows)
    with database.read() as session:
        return jobs[-1], trials.of_job(session, jobs[-1])


def row_of(chance: random.Random, job_id: int, study_id: int, n: int) -> dict[str, Any]:
    state = chance.choice(list(TrialState))
    is_done = state is TrialState.COMPLETED
    failure = {"title": "Out of Memory", "detail": f"it needs {n} GB, 100% of ä node"}
    optimizer = chance.choice(["sgd", "adam"])
    return {
        "job_id": job_id,
        "study_id": study_id,
        "phase": chance.choice([Phase.SEARCH, Phase.EVALUATION, Phase.SUPERSEDED]),
        "number": n // 2 if n % 5 else None,
        "state": state,
        "certainty": "certain",
        "point": [0.5],
        "params": {"den": [n / N, 1.0], "lr": n / N, "optimizer": optimizer}
        | ({"depth": 3 if n % 2 else "deep"} if n % 3 else {}),
        "digest": f"{job_id}-{n}",
        "payload": {},
        "seed": 0,
        "value": chance.randrange(8) / 7 if is_done else None,
        "is_diverged": is_done and n % 7 == 0,
        "training_s": chance.random() if is_done else None,
        "cached_from": 1 if n % 11 == 0 else None,
        "error": failure if state is TrialState.FAILED else None,
        "queued_at": clock.now(),
    }


def ids(database: Database, job_id: int, wanted: TrialFilter, **page: Any) -> list[int]:
    with database.read() as session:
        found = trial_pages.page(session, job_id, wanted, **{"limit": 1000, **page})
    return [trial.id for trial in found]


def sorted_by(known: list[Trial], order: TrialOrder) -> list[int]:
    """Sort in memory: by the key, then the id, in one direction; those without a key last."""
    key = KEYS[order.key]
    with_key = sorted(
        (t for t in known if key(t) is not None),
        key=lambda t: (key(t), t.id),
        reverse=order.is_falling,
    )
    without = sorted(
        (t for t in known if key(t) is None), key=lambda t: t.id, reverse=order.is_falling
    )
    return [trial.id for trial in (*with_key, *without)]


def test_every_order_page_by_page_is_that_of_sorting_all(database: Database) -> None:
    job_id, known = stored(database)
    for key in TrialKey:
        for is_falling in (False, True):
            order, walked, after = TrialOrder(key, is_falling), list[int](), None
            with database.read() as session:
                while found := trial_pages.page(
                    session, job_id, limit=17, order=order, after=after
                ):
                    walked += [trial.id for trial in found]
                    after = TrialPlace.of(str(trial_pages.place_of(found[-1], order)))
            assert walked == sorted_by(known, order), order


def test_filters_keep_what_fits_all_of_them(database: Database) -> None:
    job_id, known = stored(database)
    studies_there = sorted({trial.study_id for trial in known})
    shown = KEYS[TrialKey.VALUE]
    cases: list[tuple[TrialFilter, Callable[[Trial], bool]]] = [
        (TrialFilter(phases=[Phase.SEARCH]), lambda t: t.phase is Phase.SEARCH),
        (TrialFilter(study_ids=studies_there[:1]), lambda t: t.study_id == studies_there[0]),
        (TrialFilter(study_ids=[]), lambda _: False),
        (TrialFilter(state=TrialState.PRUNED), lambda t: t.state is TrialState.PRUNED),
        (
            TrialFilter(min_value=1 / 7, max_value=3 / 7),
            lambda t: shown(t) is not None and 1 / 7 <= shown(t) <= 3 / 7,
        ),
        (TrialFilter(text="MEMORY"), lambda t: t.error is not None),
        (TrialFilter(text="1 GB, 100% of ä"), lambda t: "1 GB" in str(t.error)),
        (TrialFilter(text="_"), lambda _: False),
        (
            TrialFilter(state=TrialState.FAILED, text="5 GB", phases=[Phase.SEARCH]),
            lambda t: t.phase is Phase.SEARCH and "5 GB" in str(t.error),
        ),
    ]
    for wanted, fits in cases:
        assert ids(database, job_id, wanted) == [t.id for t in known if fits(t)], wanted


def test_params_are_numbers_in_a_range_or_words(database: Database) -> None:
    job_id, known = stored(database)
    cases: list[tuple[Any, ParamRange, Callable[[Trial], bool]]] = [
        ("lr", ParamRange(0.25, 0.5), lambda t: 0.25 <= t.params["lr"] <= 0.5),
        ("lr", ParamRange(high=0.5), lambda t: t.params["lr"] <= 0.5),
        (("den", 0), ParamRange(low=0.9), lambda t: t.params["den"][0] >= 0.9),
        (("den", 7), ParamRange(), lambda _: False),
        ("optimizer", ParamRange(word="sgd"), lambda t: t.params["optimizer"] == "sgd"),
        ("optimizer", ParamRange(-math.inf, 5.0), lambda _: False),
        ("optimizer", ParamRange(0.0, math.inf), lambda _: False),
        ("depth", ParamRange(0.0, math.inf), lambda t: t.params.get("depth") == 3),
        ("depth", ParamRange(word="deep"), lambda t: t.params.get("depth") == "deep"),
    ]
    for path, wanted, fits in cases:
        found = ids(database, job_id, TrialFilter(params={path: wanted}))
        assert found == [t.id for t in known if fits(t)], (path, wanted)


def test_a_number_is_where_the_order_by_numbers_begins(database: Database) -> None:
    job_id, known = stored(database)
    numbers = {trial.id: trial.number for trial in known}
    for is_falling in (False, True):
        order = TrialOrder(TrialKey.NUMBER, is_falling)
        found = ids(database, job_id, TrialFilter(from_number=20), order=order, limit=5)
        assert numbers[found[0]] in ({20, 19} if is_falling else {20, 21})
        assert all((numbers[i] or 0) <= 20 for i in found) or not is_falling


def test_a_place_that_is_made_up_shows_a_page(database: Database) -> None:
    job_id, _ = stored(database)
    for key in TrialKey:
        for text in ("5,nan", "5,x", "5,1e999", "5", "5,\u202e"):
            found = ids(
                database,
                job_id,
                trial_pages.ALL,
                order=TrialOrder(key),
                after=TrialPlace.of(text),
            )
            assert len(found) <= N
