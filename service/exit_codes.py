"""What the dispatcher's process ends with, for those who start it; see docs/command-line.md."""

DONE, REFUSED, CLUSTER_LOST, CRASHED, HANGS = 0, 1, 3, 4, 5
