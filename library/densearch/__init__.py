"""Densities of weighted convolutions and the search for them, for programs of one's own."""
