"""Costly samplers in processes of their own. See docs/adr/0023-asking-in-processes.md."""
