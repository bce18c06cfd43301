"""What the studies of a job search: space, layer groups, densities, payloads, pruning."""
