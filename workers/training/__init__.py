"""Training of weighted convolutional networks: torch and numpy, no cluster, no database."""
