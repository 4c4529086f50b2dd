"""The processes of the stack, as data."""

import sys

from animevec.settings import ROOT, Settings
from animevec.stack.process import Process

SERVICE = "service"


def processes(settings: Settings) -> list[Process]:
    """Every process ``animevec up`` starts, in order."""
    return [search_service(settings)]


def search_service(settings: Settings) -> Process:
    """The BentoML service."""
    serve = settings.serve
    address = ("--host", serve.host, "--port", str(serve.port))
    return Process(
        name=SERVICE,
        command=(sys.executable, "-m", "bentoml", "serve", "bentos.service:Gateway", *address),
        host=serve.host,
        port=serve.port,
        ready="/readyz",
        setting="ANIMEVEC_SERVE__PORT",
        cwd=ROOT,
        env={"BENTOML_HOME": str(settings.home / "bentoml")},
    )
