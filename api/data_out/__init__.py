"""Trials and measurements of a job as whole files, which are sent while they are read."""

# The last line of what `parquet_process` reads.
END = b"null\n"
