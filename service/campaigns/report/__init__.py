"""The report of a campaign: a function of its cells, their specs and their jobs' reports."""
