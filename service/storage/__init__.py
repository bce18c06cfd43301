"""Every query of the product: SQLAlchemy on SQLite and PostgreSQL, values in and out."""
