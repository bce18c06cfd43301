"""Refusals as problem+json (RFC 9457)."""
