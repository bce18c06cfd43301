"""Webhooks, by the specification Standard Webhooks: requests, addresses, signatures, retries."""
