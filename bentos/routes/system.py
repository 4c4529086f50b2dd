"""/, /health, the probes and /metrics."""

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from animevec import __version__
from animevec.errors import Unavailable
from bentos.answering import ERRORS, service_of
from bentos.serving import Health

router = APIRouter(tags=["system"])


class Card(BaseModel):
    """What this is and where its parts are."""

    name: str = "animevec"
    version: str = __version__
    links: dict[str, str]


class Probe(BaseModel):
    """A probe's answer."""

    status: str


@router.get("/")
async def root() -> Card:
    """The service's card."""
    paths = {"docs": "/docs", "openapi": "/openapi.json", "health": "/health"}
    return Card(links={**paths, "metrics": "/metrics", "search": "/api/v1/search"})


@router.get("/health")
def health(request: Request) -> Health:
    """State of the service; answers 200 whatever the state is."""
    return service_of(request).health()


@router.get("/livez")
async def livez() -> Probe:
    """The process answers."""
    return Probe(status="alive")


@router.get("/readyz", responses={503: ERRORS[503]})
async def readyz(request: Request) -> Probe:
    """A warm search was answered; 503 until then."""
    service = service_of(request)
    if service.state != "ready":
        raise Unavailable(f"the service is {service.state}", state=service.state, **service.why())
    return Probe(status="ready")


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request) -> Response:
    """Prometheus metrics."""
    service = service_of(request)
    service.gauge()
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
