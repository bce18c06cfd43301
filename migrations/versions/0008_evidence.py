"""losses of the items of test splits, which jobs have looked at a test split, and campaigns"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Kinds of task of this package that train; of those of others the test split is not known here.
TRAINED = ("classification", "denoising", "image_to_image", "multilabel", "segmentation")
JOBS = sa.table(
    "jobs",
    sa.column("id"),
    sa.column("state"),
    sa.column("spec", sa.JSON),
    sa.column("finished_at", sa.DateTime(timezone=True)),
)
EVALUATIONS = sa.table("evaluations", sa.column("job_id"))
LOOKS = sa.table(
    "split_looks",
    *(sa.column(name) for name in ("job_id", "split")),
    sa.column("looked_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    op.create_table(
        "item_losses",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.Column("losses", sa.LargeBinary(), nullable=True),
        sa.Column("groups", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_item_losses")),
    )
    op.create_table(
        "split_looks",
        sa.Column("id", KEY, nullable=False),
        sa.Column("job_id", KEY, nullable=True),
        sa.Column("split", sa.String(length=200), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["jobs.id"],
            name=op.f("fk_split_looks_job_id_jobs"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_split_looks")),
        sa.UniqueConstraint("job_id", name=op.f("uq_split_looks_job_id")),
    )
    with op.batch_alter_table("split_looks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_split_looks_split_looked_at"), ["split", "looked_at"], unique=False
        )
    count_earlier_looks()
    add_campaigns()


def add_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("base", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("matrix", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("key", name=op.f("uq_campaigns_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "campaign_cells",
        sa.Column("id", KEY, nullable=False),
        sa.Column("campaign_id", KEY, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("job_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_cells_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["jobs.id"],
            name=op.f("fk_campaign_cells_job_id_jobs"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_cells")),
        sa.UniqueConstraint(
            "campaign_id", "place", name=op.f("uq_campaign_cells_campaign_id_place")
        ),
    )
    with op.batch_alter_table("campaign_cells", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaign_cells_job_id"), ["job_id"], unique=False)


def count_earlier_looks() -> None:
    """Note the test splits that finished jobs have looked at: service.studies.test_splits."""
    judged = sa.select(EVALUATIONS.c.job_id).distinct()
    query = sa.select(JOBS.c.id, JOBS.c.spec, JOBS.c.finished_at).where(
        JOBS.c.state == "SUCCEEDED", JOBS.c.finished_at.is_not(None), JOBS.c.id.in_(judged)
    )
    found = [
        {"job_id": job_id, "split": split, "looked_at": finished_at}
        for job_id, spec, finished_at in op.get_bind().execute(query.order_by(JOBS.c.id))
        if (split := split_of(spec)) is not None
    ]
    if found:
        op.bulk_insert(LOOKS, found)


def split_of(spec: Any) -> str | None:  # noqa: ANN401 - JSON
    """Return the name of the test split of a job's spec."""
    task = spec.get("task") if isinstance(spec, dict) else None
    if not isinstance(task, dict) or task.get("kind") not in TRAINED:
        return None
    sha256 = (task.get("data") or {}).get("sha256")
    return f"stored:{sha256}" if sha256 else task.get("dataset")


def downgrade() -> None:
    supersede_confirmations()
    op.drop_table("campaign_cells")
    op.drop_table("campaigns")
    op.drop_table("split_looks")
    op.drop_table("item_losses")


def supersede_confirmations() -> None:
    """Take the trials of a phase that the older version does not know out of their studies."""
    trials = sa.table("trials", *(sa.column(name) for name in ("phase", "number")))
    is_unknown = trials.c.phase == "confirmation"
    op.execute(sa.update(trials).where(is_unknown).values(phase="superseded", number=None))
