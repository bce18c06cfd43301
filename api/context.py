"""What a request's handler works with: the app's database and settings."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.event_feed import EventFeed
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


def feed_of(request: Request) -> EventFeed:
    """Return the feed that delivers the events of jobs to all open streams."""
    found: EventFeed = request.app.state.feed
    return found


InDatabase = Annotated[Database, Depends(database_of)]
InFeed = Annotated[EventFeed, Depends(feed_of)]
WithSettings = Annotated[Settings, Depends(settings_of)]
