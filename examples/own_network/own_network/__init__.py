"""A network, a data set and an objective of one's own, for densearch."""
