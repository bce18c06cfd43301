"""Middleware: request ids, the access log, deadlines, limits, refusals that need no route."""
