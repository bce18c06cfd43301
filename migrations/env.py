"""Runs the revisions in the transaction that service.storage.schema hands over."""

from __future__ import annotations

from alembic import context

from service.storage import migration
from service.storage.tables import METADATA

connection = context.config.attributes["connection"]
migration.require(connection)
# The transaction is the caller's: Alembic neither begins nor commits one.
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
