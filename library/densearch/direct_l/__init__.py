"""Parallel DIRECT-L with the exact sequence of NLopt."""
