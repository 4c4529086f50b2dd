"""The BentoML services: the search gateway and the encoders behind it.

BentoML supervises the workers and carries the encoders; the mounted FastAPI app owns every path,
so that every error, the probes' too, has the one envelope.  The supervisor reads this module as
well, and stays small: what only a worker needs is imported there.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import bentoml
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from animevec import quiet
from animevec.settings import Settings
from bentos import log

quiet.apply()
SETTINGS = Settings()
log.configure(SETTINGS.serve.log_level)  # of the supervisor, too
_SERVE = SETTINGS.serve
_RATE = _SERVE.trace_rate
_LEAN: dict[str, Any] = {
    "workers": 1,
    "traffic": {"timeout": _SERVE.timeout_s * 2},
    "logging": {"access": {"enabled": False}},
    "metrics": {"enabled": False},
    "tracing": {"sample_rate": _RATE} if _RATE else {"excluded_urls": ".*"},
}


@asynccontextmanager
async def _lifespan(shell: Starlette) -> AsyncIterator[None]:
    from bentos.app import create_app

    app = shell.state.app = create_app(SETTINGS)
    async with app.router.lifespan_context(app):
        yield


SHELL = Starlette(lifespan=_lifespan)


class Everything:
    """Hands every HTTP request to the app before BentoML's own routes see it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        target: ASGIApp = SHELL.state.app if scope["type"] == "http" else self.app
        await target(scope, receive, send)


class Alone:
    """Search over HTTP, encoders in this process or a child of it."""


def _searching() -> type:
    if _SERVE.topology != "services":
        return Alone
    from bentos.apart import Apart

    return Apart


Gateway = bentoml.service(name="gateway", **_LEAN)(_searching())
Gateway.mount_asgi_app(SHELL)
Gateway.add_asgi_middleware(Everything)
