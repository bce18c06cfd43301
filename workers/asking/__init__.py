"""Costly samplers in separate processes. See docs/adr/0023-asking-in-processes.md."""
