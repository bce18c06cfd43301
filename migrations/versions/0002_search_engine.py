"""search engine: repeats, curves, learned densities, densities by layer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OLD_COUNTS = ["job_id", "phase", "state", "cached_from"]
NEW_COUNTS = [*OLD_COUNTS, "number", "certainty"]


def upgrade() -> None:
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("repeat", sa.Integer(), nullable=False, server_default=sa.text("1"))
        )
        batch_op.add_column(sa.Column("stopped_at", sa.Integer(), nullable=True))
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.alter_column("repeat", server_default=None)
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.add_column(sa.Column("curve", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("learned", sa.JSON(none_as_null=True), nullable=True))
        batch_op.drop_index(batch_op.f("ix_trials_job_id_phase_state_cached_from"))
        batch_op.create_index(
            batch_op.f("ix_trials_job_id_phase_state_cached_from_number_certainty"),
            NEW_COUNTS,
            unique=False,
        )
    with op.batch_alter_table("densities", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("layer", sa.String(length=200), nullable=False, server_default="")
        )
        batch_op.drop_constraint(batch_op.f("uq_densities_study_id"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_densities_study_id_layer"), ["study_id", "layer"]
        )
    with op.batch_alter_table("densities", schema=None) as batch_op:
        batch_op.alter_column("layer", server_default=None)


def downgrade() -> None:
    # The older version knows one density for each study, and no phase but search and evaluation.
    op.execute("DELETE FROM densities WHERE layer <> ''")
    trials = sa.table("trials", sa.column("id"), sa.column("phase"))
    is_unknown = trials.c.phase.not_in(["search", "evaluation"])
    unknown = sa.select(trials.c.id).where(is_unknown)
    # Nothing cascades here: SQLite's foreign keys are off during a migration.
    for name in ("measurements", "attempts", "artifacts", "densities", "evaluations"):
        table = sa.table(name, sa.column("trial_id"))
        op.execute(sa.delete(table).where(table.c.trial_id.in_(unknown)))
    studies = sa.table("studies", sa.column("best_trial_id"), sa.column("best_value"))
    is_best_unknown = studies.c.best_trial_id.in_(unknown)
    op.execute(
        sa.update(studies).where(is_best_unknown).values(best_trial_id=None, best_value=None)
    )
    op.execute(sa.delete(trials).where(is_unknown))
    with op.batch_alter_table("densities", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_densities_study_id_layer"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_densities_study_id"), ["study_id"])
        batch_op.drop_column("layer")
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_trials_job_id_phase_state_cached_from_number_certainty")
        )
        batch_op.create_index(
            batch_op.f("ix_trials_job_id_phase_state_cached_from"), OLD_COUNTS, unique=False
        )
        batch_op.drop_column("learned")
        batch_op.drop_column("curve")
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.drop_column("stopped_at")
        batch_op.drop_column("repeat")
