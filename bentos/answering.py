"""From a request through the gate to the engine and back as JSON."""

import time
from collections.abc import Callable
from typing import Any

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from animevec.search.engine import SearchEngine
from animevec.search.response import SearchResult
from bentos.envelope import ErrorEnvelope
from bentos.serving import Service

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorEnvelope, "description": text}
    for status, text in {
        401: "no key, or an unknown one",
        403: "the key's role is not enough",
        404: "no such title, job, index or key",
        409: "in conflict with the present state",
        413: "body, text or picture beyond its limit",
        415: "not a JPEG, PNG or WebP picture",
        422: "a value is wrong",
        429: "too many requests",
        500: "unexpected failure",
        503: "not ready, or a dependency is down",
        504: "not done within the time limit",
    }.items()
}


def service_of(request: Request) -> Service:
    """The service object the app was made with."""
    service: Service = request.app.state.service
    return service


async def answered(request: Request, ask: Callable[[SearchEngine], BaseModel]) -> Response:
    """What ``ask`` gets from the engine, as JSON with the time it took in ``Server-Timing``.

    The models are the engine's own, so FastAPI need not validate them a second time.
    """
    service = service_of(request)
    queued = time.perf_counter()
    engine = service.engine

    def work() -> tuple[BaseModel, bytes, float]:
        started = time.perf_counter()
        answer = ask(engine)
        return answer, answer.model_dump_json().encode(), started

    answer, body, started = await service.gate.run(request, work)
    response = Response(body, media_type="application/json")
    stages = {"queue": (started - queued) * 1000}
    if isinstance(answer, SearchResult):
        stages |= answer.timings_ms
    for stage, ms in stages.items():
        service.metrics.stage.labels(stage).observe(ms / 1000)
    response.headers["Server-Timing"] = ", ".join(f"{k};dur={v:.2f}" for k, v in stages.items())
    return response
