"""Marks and values of searches, on a job with every kind of trial."""

from __future__ import annotations

from collections import Counter

from service.states import Phase, TrialState
from service.storage import overview, studies, trial_marks, trials
from service.storage.database import Database
from tests.support import seeding


def test_marks_and_values_are_those_of_the_trials_themselves(database: Database) -> None:
    job = seeding.simulated(database, seeding.SEARCH, n_workers=3)
    other = seeding.running(database)
    for one in (job, other):
        with database.read() as session:
            marks = trial_marks.marks(session, one.id, 1000)
            found = trial_marks.values_of(session, one.id)
            results = overview.results(session, one.id, "number", 10**6)
            every = [t for t in trials.of_job(session, one.id) if t.phase is Phase.SEARCH]
            own = studies.of_job(session, one.id)
        every = [t for t in every if t.number is not None]
        done = [t for t in every if t.state is TrialState.COMPLETED]
        expected = Counter(
            {
                "failed": sum(t.state is TrialState.FAILED for t in every),
                "pruned": sum(t.state is TrialState.PRUNED for t in every),
                "diverged": sum(t.is_diverged for t in done),
                "reused": sum(t.cached_from is not None and not t.is_diverged for t in done),
            }
        )
        assert Counter(mark.kind for mark in marks) == +expected
        assert all(mark.n_of_kind == expected[mark.kind] for mark in marks)
        for study in own:
            mine = [t for t in done if t.study_id == study.id and not t.is_diverged]
            assert found[study.id].values == sorted(t.value or 0.0 for t in mine)
            spent = sorted(
                (t.number or 0, t.training_s or 0.0) for t in every if t.study_id == study.id
            )
            for result in (r for r in results if r.study_id == study.id):
                total = sum(s for number, s in spent if number <= result.number)
                assert abs(result.compute_s - total) < 1e-9 * max(total, 1.0)


def test_of_many_marks_an_even_choice_is_shown_and_counted(database: Database) -> None:
    job = seeding.simulated(database, seeding.SEARCH, n_workers=3)
    with database.read() as session:
        every = trial_marks.marks(session, job.id, 1000)
        few = trial_marks.marks(session, job.id, 5)
    pruned = [mark for mark in every if mark.kind == "pruned"]
    stride = -(-len(pruned) // 5)
    assert [mark for mark in few if mark.kind == "pruned"] == pruned[::stride]
    assert len(pruned) > 5
