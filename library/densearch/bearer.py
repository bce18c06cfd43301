"""The shared secret of a server: what it may be, and how a request carries it (RFC 6750)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

VARIABLE = "DENSEARCH_TOKEN"
LEAST_CHARS, MOST_CHARS = 16, 512
# The characters of RFC 6750, section 2.1.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def read(text: str) -> str:
    """Return a token that may be used, as it is.

    Raises:
        ValueError: Saying what it must be; it does not quote the text.
    """
    if not LEAST_CHARS <= len(text) <= MOST_CHARS:
        raise ValueError(
            f"has {len(text)} characters: a token has from {LEAST_CHARS} to {MOST_CHARS}, for "
            "example those of `openssl rand -hex 24`"
        )
    if not _TOKEN.fullmatch(text):
        raise ValueError(
            "has characters that a header cannot carry: a token has letters, digits and . _ ~ + / "
            "- alone, and = at its end, for example those of `openssl rand -hex 24`"
        )
    return text


def given(token: str | None) -> str | None:
    """Return the token of a client: the argument, else that of the environment.

    Args:
        token: As a program gives it; "" for none, whatever the environment has.

    Raises:
        ValueError: Naming the argument or the variable, and what is wrong with it.
    """
    text = os.environ.get(VARIABLE) if token is None else token or None
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise ValueError(f"{VARIABLE if token is None else 'token'} {error}") from error


def headers(token: str | None) -> Mapping[str, str]:
    """Return the headers of requests with a token, none without one."""
    return {} if token is None else {"Authorization": f"Bearer {token}"}
