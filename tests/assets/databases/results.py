"""What a job gave, read by the names of columns alone: code of any version can."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

Json = dict[str, Any]
LISTS = ("point", "curve", "learned")
TRIALS = sa.table(
    "trials",
    *(sa.column(name) for name in ("study_id", "job_id", "phase", "number", "state", "digest")),
    sa.column("value", sa.Float),
    *(sa.column(name, sa.JSON) for name in LISTS),
)
STUDIES = sa.table("studies", sa.column("id"), sa.column("name"), sa.column("sampler"))
JOBS = sa.table("jobs", sa.column("id"), sa.column("name"), sa.column("report", sa.JSON))


def result_of(connection: Connection, job: str) -> Json:
    """Return the trials of the job of this name, in the order of studies, phases and numbers."""
    trials, studies, jobs = TRIALS.c, STUDIES.c, JOBS.c
    columns = (trials.phase, trials.number, trials.state, trials.digest, trials.value)
    query = (
        sa.select(
            studies.name.label("study"),
            studies.sampler,
            *columns,
            *(trials[name] for name in LISTS),
        )
        .join_from(JOBS, TRIALS, trials.job_id == jobs.id)
        .join(STUDIES, studies.id == trials.study_id)
        .where(jobs.name == job, trials.number.is_not(None))
        .order_by(trials.study_id, trials.phase, trials.number)
    )
    report = connection.execute(sa.select(jobs.report).where(jobs.name == job)).scalar_one()
    return {
        "trials": [dict(row) for row in connection.execute(query).mappings()],
        "report": None if report is None else figures_of(report),
    }


def figures_of(report: Json) -> Json:
    """Return a report's main figures: no ids, times and sentences."""
    return {
        "best_arm": report["best_arm"],
        "arms": {
            arm["name"]: {
                "validation_loss": arm["validation_loss"],
                "search_loss": arm["search_loss"],
                "test_losses": arm["test"] and arm["test"]["losses"],
                "gain": arm["vs_uniform"] and arm["vs_uniform"]["difference"],
            }
            for arm in report["arms"]
        },
    }
