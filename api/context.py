"""What a request's handler works with: the app's database and settings."""

from __future__ import annotations

import threading
from typing import Annotated

from fastapi import Depends, Request

from service.settings import Settings
from service.storage.database import Database


def database_of(request: Request) -> Database:
    """Return the app's database."""
    found: Database = request.app.state.database
    return found


def settings_of(request: Request) -> Settings:
    """Return the app's settings."""
    found: Settings = request.app.state.settings
    return found


def ending_of(request: Request) -> threading.Event:
    """Return what is set when the server begins to end: open streams then end themselves."""
    found: threading.Event = request.app.state.ending
    return found


InDatabase = Annotated[Database, Depends(database_of)]
UntilEnding = Annotated[threading.Event, Depends(ending_of)]
WithSettings = Annotated[Settings, Depends(settings_of)]
