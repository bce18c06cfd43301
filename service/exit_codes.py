"""Exit codes of the dispatcher's process, read by its parent; see docs/command-line.md."""

DONE, REFUSED, CLUSTER_LOST, CRASHED, HANGS = 0, 1, 3, 4, 5
