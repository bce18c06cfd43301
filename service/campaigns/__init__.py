"""Campaigns: a base spec and a matrix of settings, a job for each cell, and one report."""
