"""The BentoML services: the search gateway and the encoders behind it.

BentoML supervises the workers and carries the encoders; the mounted FastAPI app owns every path,
so that every error, the probes' too, has the one envelope.
"""

from typing import Any

import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from animevec import quiet
from animevec.settings import Settings
from bentos.app import create_app
from bentos.encoders import PictureEncoder, TextEncoder

quiet.apply()
SETTINGS = Settings()
_SERVE = SETTINGS.serve
_APART = _SERVE.topology == "services"
APP = create_app(SETTINGS)
_RATE = _SERVE.trace_rate
_LEAN: dict[str, Any] = {
    "workers": 1,
    "traffic": {"timeout": _SERVE.timeout_s * 2},
    "logging": {"access": {"enabled": False}},
    "metrics": {"enabled": False},
    "tracing": {"sample_rate": _RATE} if _RATE else {"excluded_urls": ".*"},
}


class Everything:
    """Hands every HTTP request to the app before BentoML's own routes see it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (APP if scope["type"] == "http" else self.app)(scope, receive, send)


class Alone:
    """Search over HTTP, encoders in this process or a child of it."""


class Apart:
    """Search over HTTP, encoders in services of their own."""

    text = bentoml.depends(TextEncoder)
    if SETTINGS.encoders.picture:
        picture = bentoml.depends(PictureEncoder)


Gateway = bentoml.service(name="gateway", **_LEAN)(Apart if _APART else Alone)
Gateway.mount_asgi_app(APP)
Gateway.add_asgi_middleware(Everything)
