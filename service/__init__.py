"""What is searched and what is known: jobs, trials, samplers, storage, statistics, exports."""
