"""A network, a data set, an objective and a sampler for densearch."""
