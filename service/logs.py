"""Logging of every process: structlog on standard error, JSON lines where asked for."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.types import EventDict

from densearch.names import shown
from densearch.redaction import hide
from service.settings import Settings

_OF_MANY_LINES = ("exception", "stack")


def _redact(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Hide passwords and the API's token in every text of a line."""
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = hide(value)
    return line


def _escape(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Escape line breaks and control characters in a line; tracebacks keep their lines."""
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = shown(value, "\n\t" if name in _OF_MANY_LINES else "")
    return line


def configure(settings: Settings) -> None:
    """Set up structlog for this process."""
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    # JSON escapes by itself.
    last = [structlog.processors.JSONRenderer()] if settings.log_json else [_escape, console]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _redact,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
