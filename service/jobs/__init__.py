"""The operations on jobs, a transaction each, and what belongs to stored jobs."""
