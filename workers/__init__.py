"""The dispatcher process, the Ray workers, and the training code."""
