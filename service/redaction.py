"""Hiding passwords and the API's token: in URLs, and in the messages of drivers that quote them.

Processes that need neither do not get them: `secret_names` returns the variables with one.

SQLAlchemy hides the password before the host; libpq takes one in the query, too
(``?password=``, ``&sslpassword=``), and drivers quote their arguments in their errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote_plus, unquote, unquote_plus

from densearch import redaction
from densearch.redaction import HIDDEN

# Hiding shorter ones, or those equal to a name in the same URL, would remove ordinary words.
MIN_LENGTH = 4
_WORDS = ("pass", "secret", "token")
# The variables of libpq, and ours.
_SECRET_NAMES = re.compile(r"PG.*|DENSEARCH_DATABASE_URL|DENSEARCH_TOKEN", re.IGNORECASE)

_passwords: set[str] = set()


def url_shown(url: str) -> str:
    """Return a database URL without its passwords; all of it is hidden where it is no URL."""
    from sqlalchemy.engine import make_url  # half of what a client command takes to start
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return HIDDEN
    hidden = {name: HIDDEN for name in parsed.query if _is_secret(name)}
    shown = parsed.update_query_dict(hidden).render_as_string(hide_password=True)
    return shown.replace(quote_plus(HIDDEN), HIDDEN)


def learn(url: str) -> None:
    """Make `hide` of `densearch.redaction` and `secret_names` find the passwords of a URL."""
    if "@" not in url and "?" not in url:
        return
    from sqlalchemy.engine import make_url  # as above
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return
    values = [v for name, v in parsed.query.items() if _is_secret(name)]
    found = {parsed.password or ""}.union(*([v] if isinstance(v, str) else v for v in values))
    long = {secret for secret in found if len(secret) >= MIN_LENGTH}
    _passwords.update(long)
    parts = re.split(r"[:/@?&=]", url)
    for secret in long - {parsed.username, parsed.database, parsed.host}:
        written = (part for part in parts if secret in (unquote(part), unquote_plus(part)))
        redaction.learn(secret, *written)


def learn_token(token: str) -> None:
    """Make `hide` and `secret_names` find the token of the API."""
    _passwords.add(token)
    redaction.learn(token)


def secret_names(environment: Mapping[str, str]) -> set[str]:
    """Return the names of the variables that hold what opens the database or the API.

    These are the variables of libpq, our own, and copies of a learned secret: alone, or in a URL
    or connection string after a colon or an equals sign, in any percent-encoding.
    """
    return {name for name, value in environment.items() if _is_key(name, value)}


def _is_key(name: str, value: str) -> bool:
    if _SECRET_NAMES.fullmatch(name):
        return True
    forms = {value, unquote(value), unquote_plus(value)}
    return any(_holds(form, secret) for secret in _passwords for form in forms)


def _holds(text: str, secret: str) -> bool:
    quoted = rf"""[:=]\s*["']?{re.escape(secret)}(?:$|[@&;,"'}}\s])"""
    return text == secret or (secret in text and re.search(quoted, text) is not None)


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _WORDS)
