"""Bundles: what a job has found as one archive that is used without this product."""
