"""The asking: REST, dashboard, command line, Python client."""
