"""Alembic's revisions of the database, from the first table on."""
