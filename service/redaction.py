"""Hiding passwords: in URLs, and in the messages of drivers that quote them.

SQLAlchemy hides the password before the host; libpq takes one in the query, too
(``?password=``, ``&sslpassword=``), and drivers quote their arguments in their errors.
"""

from __future__ import annotations

from urllib.parse import quote, quote_plus

HIDDEN = "***"
# Hiding shorter ones, or those equal to a name in the same URL, would remove ordinary words.
MIN_LENGTH = 4
_WORDS = ("pass", "secret", "token")

_learned: set[str] = set()


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
    """Make `hide` remove the passwords of a URL from now on."""
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
    names = {parsed.username, parsed.database, parsed.host}
    for secret in found - names:
        if len(secret) >= MIN_LENGTH:
            _learned.update((secret, quote(secret, safe=""), quote_plus(secret)))


def hide(text: str) -> str:
    """Return a text without the known passwords."""
    for secret in sorted(_learned, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _WORDS)
