"""The transports: REST, dashboard, command line."""
