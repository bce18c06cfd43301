"""What a spec refers to in the database is looked up once, and leaves it as it came."""

from __future__ import annotations

from service.jobs import references
from service.states import Role
from service.storage import densities
from service.storage.database import Database
from service.studies.resolved import FunctionJob, TrainingJob
from service.validation import parse
from tests.support.jobs import function_job, run_whole, training_job


def test_a_function_refers_to_nothing(sqlite_database: Database) -> None:
    spec = parse.parse(function_job())
    with sqlite_database.read() as session:
        job = references.resolved(session, spec)
        assert isinstance(job, FunctionJob)
        assert (job.spec, references.unresolved(session, job.spec)) == (spec, spec)


def test_densities_are_looked_up_and_named_again(sqlite_database: Database) -> None:
    earlier = run_whole(sqlite_database, training_job(samplers=["random"], controls=[]))
    with sqlite_database.read() as session:
        known = next(d for d in densities.of_job(session, earlier) if d.family == "symmetric")
        start = {"densities": [known.id], "vectors": [[0.3]]}
        spec = parse.parse(training_job(samplers=["tpe"], warm_start=start))
        job = references.resolved(session, spec)
        assert isinstance(job, TrainingJob)
        assert job.spec.warm_start is not None
        assert job.spec.warm_start.vectors == [[0.3], known.vector]
        assert job.studies[0].role is Role.SEARCH
        assert references.unresolved(session, job.spec) == spec
