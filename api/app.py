"""The web application: REST version 1, the dashboard, health, and the pages about them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import cache

from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute

from api.dashboard import (
    campaign_routes,
    comparison_routes,
    explanations,
    figure_routes,
    guide_routes,
    job_routes,
    new_job_routes,
    routes,
    token_routes,
)
from api.dashboard.problem_pages import ProblemPages
from api.documents import bundle_routes, density_routes
from api.documents import routes as reports
from api.etags import KeptAnswers
from api.event_feed import EventFeed
from api.metrics import Metrics
from api.middleware.access import Access
from api.middleware.addresses import Addresses
from api.middleware.deadline import AnswerDeadline
from api.middleware.guards import BodyLimit, Guard
from api.middleware.head import HeadAsGet
from api.middleware.latest import LatestAnswers
from api.middleware.suffixes import Suffixes
from api.middleware.tokens import TokenGate, key_of
from api.middleware.wrong_tokens import WrongTokens
from api.openapi import TAGS, document_of, operation_id
from api.problems import handlers
from api.routes import (
    artifacts,
    campaigns,
    datasets,
    documentation,
    estimates,
    events,
    exports,
    health,
    imports,
    item_losses,
    job_notes,
    jobs,
    networks,
    reopening,
    samplers,
    studies,
    trainers,
    trials,
    webhooks,
)
from api.trial_looks import TrialLooks
from service.datasets.importer import Importer
from service.hosts import Hosts
from service.settings import Settings
from service.storage.database import Database

VERSION = "1"
ROUTES = (
    *(
        estimates,
        jobs,
        job_notes,
        reports,
        reopening,
        studies,
        trials,
        trainers,
        events,
        density_routes,
        artifacts,
        bundle_routes,
        exports,
        item_losses,
        campaigns,
        webhooks,
    ),
    # Imports before the routes of a set, which would take the word for an id.
    *(imports, datasets, samplers, networks, health, documentation),
)
# "new" before the page of a job, which would take it for an id.
PAGES = (
    *(new_job_routes, campaign_routes, comparison_routes, routes),
    *(job_routes, figure_routes, explanations, guide_routes, token_routes),
)


def create_app(settings: Settings, database: Database) -> FastAPI:
    """Build the application.

    Args:
        settings: Provides host, largest body, data directory and lease.
        database: Shared by all requests; the caller closes it.
    """
    # The files of /docs and /redoc come from the package, not from a CDN.
    app: FastAPI = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        title="densearch",
        version=VERSION,
        # Relative to the document, hence below the path of a reverse proxy too.
        servers=[{"url": "."}],
        openapi_tags=TAGS,
        generate_unique_id_function=operation_id,
        description="A hyperparameter-search service for the densities of weighted convolutions.",
    )
    app.state.settings, app.state.database = settings, database
    public = settings.public_address
    app.state.key, app.state.wrong_tokens = key_of(settings), WrongTokens()
    app.state.hosts = Hosts(settings.host, settings.allowed_hosts or (), public)
    # Set by whatever runs the server, before it waits for open responses.
    app.state.ending = threading.Event()
    app.state.feed = EventFeed(database, app.state.ending)
    app.state.looks = TrialLooks(database)
    app.state.kept_answers = KeptAnswers()
    app.state.metrics = Metrics(database, settings.lease_s, settings.data_dir)
    app.state.importer = Importer(database, settings, handlers.document_of, app.state.ending)
    handlers.install(app)
    app.router.routes += _routes()
    # The last one added is the outermost.
    app.add_middleware(HeadAsGet)
    app.add_middleware(Suffixes)
    # Within the deadline: who waits for an answer that another request has made waits no longer.
    app.add_middleware(LatestAnswers, reads=database.recent_reads)
    app.add_middleware(
        AnswerDeadline, limit_s=settings.request_timeout_s, upload_path=datasets.router.prefix
    )
    app.add_middleware(
        BodyLimit,
        max_bytes=settings.max_body_bytes,
        upload_path=datasets.router.prefix,
        max_upload_bytes=settings.max_dataset_bytes,
    )
    app.add_middleware(TokenGate, key=app.state.key, wrong=app.state.wrong_tokens)
    app.add_middleware(Guard, hosts=app.state.hosts)
    app.add_middleware(Access, metrics=app.state.metrics)
    app.add_middleware(ProblemPages)
    names = _names(app.router.routes)
    app.add_middleware(Addresses, prefix=public.prefix if public else "", names=names)
    app.openapi = document_of(app)  # type: ignore[method-assign]
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return the routes of all modules, which every application shares.

    `include_router` would build each of them again at the first request of each application, which
    takes longer than any page.
    """
    found = [route for module in (*ROUTES, *PAGES) for route in module.router.routes]
    for route in found:
        if isinstance(route, APIRoute):
            route.unique_id = route.operation_id or operation_id(route)
    return tuple(found)


def _names(routes: Iterable[BaseRoute]) -> frozenset[str]:
    """Return the first segment of every path that is answered, documents among them."""
    paths = (str(getattr(route, "path", "/")) for route in routes)
    return frozenset(path.split("/")[1] for path in paths)
