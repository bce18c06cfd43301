"""Densities: from a search vector to alpha, beta and Phi."""
