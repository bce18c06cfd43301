"""jobs that a user has deleted, and an index for every reference"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = {
    "densities": "trial_id",
    "evaluations": "trial_id",
    "artifacts": "trial_id",
    "idempotency_keys": "job_id",
}
# Children first: nothing cascades during a migration of SQLite.
OF_A_JOB = (
    "idempotency_keys", "events", "artifacts", "evaluations", "densities", "attempts", "trials",
    "studies",
)  # fmt: skip


def upgrade() -> None:
    for table, column in INDEXES.items():
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def downgrade() -> None:
    # The older version knows no such state: it would not even list the jobs.
    jobs = sa.table("jobs", sa.column("id"), sa.column("state"))
    deleted = sa.select(jobs.c.id).where(jobs.c.state == "DELETED")
    trials = sa.table("trials", sa.column("id"), sa.column("job_id"))
    measurements = sa.table("measurements", sa.column("trial_id"))
    theirs = sa.select(trials.c.id).where(trials.c.job_id.in_(deleted))
    op.execute(sa.delete(measurements).where(measurements.c.trial_id.in_(theirs)))
    for name in OF_A_JOB:
        rows = sa.table(name, sa.column("job_id"))
        op.execute(sa.delete(rows).where(rows.c.job_id.in_(deleted)))
    op.execute(sa.delete(jobs).where(jobs.c.state == "DELETED"))
    for table, column in INDEXES.items():
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
