"""Exit codes of the dispatcher's process, read by its parent; see docs/command-line.md."""

DONE, REFUSED, UNUSABLE_SETTING, CLUSTER_LOST, CRASHED, HANGS = 0, 1, 2, 3, 4, 5
