"""The dashboard: pages rendered on the server, figures built in Python, live by events."""
