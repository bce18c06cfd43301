"""A search of a job as its page and its figures see it."""
