"""trainers outside: offers, claims, messages, waiting asks; webhooks and their deliveries"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    add_trainers()
    add_webhooks()


def add_trainers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("trial_id", KEY, nullable=False),
        sa.Column("assignment", JSON, nullable=False),
        sa.Column("offered_at", TIME, nullable=False),
        reference("offers", "job_id", "jobs"),
        reference("offers", "trial_id", "trials"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("trial_id", name=op.f("uq_offers_trial_id")),
    )
    index("offers", "job_id", "id")
    op.create_table(
        "claims",
        sa.Column("attempt_id", KEY, autoincrement=False, nullable=False),
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("trial_id", KEY, nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("ask_digest", sa.String(length=64), nullable=False),
        sa.Column("assignment", JSON, nullable=False),
        sa.Column("lease_until", TIME, nullable=False),
        sa.Column("outcome", JSON, nullable=True),
        reference("claims", "attempt_id", "attempts"),
        reference("claims", "job_id", "jobs"),
        reference("claims", "trial_id", "trials"),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_claims")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_claims_token_digest")),
    )
    index("claims", "trial_id")
    index("claims", "job_id", "lease_until")
    index("claims", "ask_digest")
    op.create_table(
        "trainer_messages",
        sa.Column("id", KEY, nullable=False),
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("attempt_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("sent_at", TIME, nullable=False),
        reference("trainer_messages", "job_id", "jobs"),
        reference("trainer_messages", "attempt_id", "attempts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainer_messages")),
    )
    index("trainer_messages", "job_id", "id")
    index("trainer_messages", "attempt_id")
    op.create_table(
        "trainer_asks",
        sa.Column("id", KEY, nullable=False),
        sa.Column("job_id", KEY, nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("n_wanted", sa.Integer(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        reference("trainer_asks", "job_id", "jobs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainer_asks")),
    )
    index("trainer_asks", "job_id")


def add_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("secret", sa.String(length=100), nullable=False),
        sa.Column("old_secret", sa.String(length=100), nullable=True),
        sa.Column("old_secret_until", TIME, nullable=True),
        sa.Column("off_reason", sa.Text(), nullable=True),
        sa.Column("n_dropped", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("name", name=op.f("uq_webhooks_name")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("webhook_id", KEY, nullable=False),
        sa.Column("message_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("job_id", KEY, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("n_attempts", sa.Integer(), nullable=False),
        sa.Column("tries", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_deliveries_webhook_id_webhooks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("message_id", name=op.f("uq_webhook_deliveries_message_id")),
    )
    index("webhook_deliveries", "state", "next_at")
    index("webhook_deliveries", "webhook_id", "state", "id")
    index("webhook_deliveries", "webhook_id", "id")


def reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")


def index(table: str, *columns: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        name = batch_op.f(f"ix_{table}_{'_'.join(columns)}")
        batch_op.create_index(name, list(columns), unique=False)


def downgrade() -> None:
    for table in (
        "webhook_deliveries",
        "webhooks",
        "trainer_asks",
        "trainer_messages",
        "claims",
        "offers",
    ):
        op.drop_table(table)
