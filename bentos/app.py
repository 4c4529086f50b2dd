"""The FastAPI application: routes, errors and the middleware stack folded into one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from animevec import __version__
from animevec.settings import Settings
from bentos import envelope, log, middleware
from bentos.opening import OPENERS
from bentos.routes import admin, keys, page, releases, search, similarity, system
from bentos.serving import Opener, Service

_ABOUT = """Search anime by words, by picture, by both and by likeness.

Every error has one shape, `{"error": {"code", "message", "details", "request_id"}}`.
Admin endpoints need an admin key; `animevec up` says where the first one is."""


def create_app(settings: Settings, opener: Opener | None = None) -> FastAPI:
    """The app for one installation; its engine opens, by ``opener`` or as the settings' topology
    says, when the app starts.
    """
    log.configure(settings.serve.log_level)
    service = Service(settings, opener or OPENERS[settings.serve.topology])

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.close()

    app = FastAPIOffline(
        title="animevec",
        version=__version__,
        description=_ABOUT,
        redoc_url=None,
        static_url="/docs-assets",
        lifespan=lifespan,
        middleware=middleware.stack(settings, service.keys, service.metrics),
    )
    app.state.service = service
    for room in (search, similarity, admin, releases, keys, system, page):
        app.include_router(room.router)
    envelope.install(app)
    return app
