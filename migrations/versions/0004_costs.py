"""what trainings cost, how long jobs worked, why studies stopped"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calibrations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("device", sa.String(length=16), nullable=False),
        sa.Column("cpus", sa.Float(53), nullable=False),
        sa.Column("gpus", sa.Float(53), nullable=False),
        sa.Column("widths", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("cost", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("lease_owner", sa.String(length=100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calibrations")),
        sa.UniqueConstraint("key", "source", name=op.f("uq_calibrations_key_source")),
    )
    with op.batch_alter_table("calibrations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_calibrations_state_id"), ["state", "id"])
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("worked_s", sa.Float(53), nullable=False, server_default=sa.text("0"))
        )
        batch_op.add_column(sa.Column("working_since", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.alter_column("worked_s", server_default=None)
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stopped_by", sa.String(length=16), nullable=True))
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.add_column(sa.Column("peak_memory_bytes", sa.BigInteger(), nullable=True))
    # The older version knew one reason.
    op.execute("UPDATE studies SET stopped_by = 'noise' WHERE stopped_at IS NOT NULL")
    op.execute(
        "UPDATE jobs SET working_since = started_at WHERE state IN ('RUNNING', 'EVALUATING')"
    )


def downgrade() -> None:
    with op.batch_alter_table("trials", schema=None) as batch_op:
        batch_op.drop_column("peak_memory_bytes")
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.drop_column("stopped_by")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("working_since")
        batch_op.drop_column("worked_s")
    op.drop_table("calibrations")
