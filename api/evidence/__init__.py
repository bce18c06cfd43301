"""The evidence: a protocol's jobs, their losses, and the page that they give."""
