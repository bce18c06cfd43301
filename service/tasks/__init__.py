"""The kinds of task: the sections of a spec and their metrics."""
