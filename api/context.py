"""Dependencies of request handlers: the app's database, settings, event feed and looks.

The dependencies are coroutines, since FastAPI runs plain functions in a thread: `/readyz` must
answer while all threads are blocked.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.event_feed import EventFeed
from api.trial_looks import TrialLooks
from service.datasets.importer import Importer
from service.settings import Settings
from service.storage.database import Database


def database_of(request: Request) -> Database:
    """Return the app's database."""
    found: Database = request.app.state.database
    return found


async def _database(request: Request) -> Database:
    return database_of(request)


def settings_of(request: Request) -> Settings:
    """Return the app's settings."""
    found: Settings = request.app.state.settings
    return found


async def _settings(request: Request) -> Settings:
    return settings_of(request)


async def _feed(request: Request) -> EventFeed:
    found: EventFeed = request.app.state.feed
    return found


async def _looks(request: Request) -> TrialLooks:
    found: TrialLooks = request.app.state.looks
    return found


async def _importer(request: Request) -> Importer:
    found: Importer = request.app.state.importer
    return found


InDatabase = Annotated[Database, Depends(_database)]
InImporter = Annotated[Importer, Depends(_importer)]
InLooks = Annotated[TrialLooks, Depends(_looks)]
InFeed = Annotated[EventFeed, Depends(_feed)]
WithSettings = Annotated[Settings, Depends(_settings)]
