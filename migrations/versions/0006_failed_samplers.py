"""why a study's sampler failed, and by which rules a study searches"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fault", sa.Text(), nullable=True))
        # Studies that older versions began go on by the rules that they began with.
        batch_op.add_column(
            sa.Column("search_version", sa.Integer(), nullable=False, server_default=sa.text("1"))
        )
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.alter_column("search_version", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("studies", schema=None) as batch_op:
        batch_op.drop_column("search_version")
        batch_op.drop_column("fault")
