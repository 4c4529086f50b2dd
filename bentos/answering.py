"""From a request through the queue to the engine and back as JSON."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import Response

from animevec.assembly import Assembly
from animevec.cache.results import request_key
from animevec.search.engine import SearchEngine
from animevec.search.response import BatchOutcome, SearchResult
from bentos.envelope import ErrorEnvelope
from bentos.serving import Service
from bentos.turnstile import Turnstile

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


class SimilarAnswers(BaseModel):
    """One outcome per search, in the order asked."""

    results: list[BatchOutcome]


def service_of(request: Request) -> Service:
    """The service object the app was made with."""
    service: Service = request.app.state.service
    return service


async def answered(
    request: Request, ask: Callable[[SearchEngine], BaseModel], asked: BaseModel | None = None
) -> Response:
    """What ``ask`` gets from the engine, as JSON with the time it took in ``Server-Timing``.

    The answer to what was ``asked`` may come from the cache, and ``X-Cache`` says so.  The models
    are the engine's own, so FastAPI need not validate them a second time.
    """
    service, queued = service_of(request), time.perf_counter()
    work = _Work(service.assembly, ask, service.turnstile)
    results = service.results
    if results is None or asked is None or _declined(request):
        body = await service.queue.run(request, lambda: work.fresh()[0])
        return _response(service, body, work.stages(queued))
    key = request_key(work.assembly.release, work.revision, asked)
    if (near := results.near(key)) is not None:
        return _response(service, near, work.stages(queued), "hit")
    body, hit = await service.queue.run(request, lambda: results.answer(key, work.fresh))
    return _response(service, body, work.stages(queued), "hit" if hit else "miss")


@dataclass
class _Work:
    """Asking one engine once, and what is known of it."""

    assembly: Assembly
    ask: Callable[[SearchEngine], BaseModel]
    turnstile: Turnstile
    started: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.revision = self.assembly.engine.revision

    def fresh(self) -> tuple[bytes, bool]:
        """A new answer, and whether it may be kept.

        It may if names and index both stood at one revision when it was begun, and names do
        still: a change that is acknowledged has moved them on.
        """
        with self.turnstile.inside():
            return self._asked()

    def _asked(self) -> tuple[bytes, bool]:
        self.started = time.perf_counter()
        engine, release = self.assembly.engine, self.assembly.release
        settled = self.assembly.store.watermark(release.index) == self.revision
        answer = self.ask(engine)
        if isinstance(answer, SearchResult):
            self.timings = answer.timings_ms
        keeps = settled and engine.revision == self.revision and not _failed(answer)
        return to_json(answer), keeps

    def stages(self, queued: float) -> dict[str, float]:
        """Milliseconds by stage; an answer of the cache has the one."""
        if self.started is None:
            return {"cache": (time.perf_counter() - queued) * 1000}
        return {"queue": (self.started - queued) * 1000, **self.timings}


def _failed(answer: BaseModel) -> bool:
    """Whether a part of the answer is an error, which the next try may not meet."""
    return isinstance(answer, SimilarAnswers) and any(one.error for one in answer.results)


def _declined(request: Request) -> bool:
    """Whether the caller wants no answer from a cache."""
    return "no-cache" in request.headers.get("cache-control", "").lower()


def _response(
    service: Service, body: bytes, stages: Mapping[str, float], cache: str | None = None
) -> Response:
    response = Response(body, media_type="application/json")
    for stage, ms in stages.items():
        service.metrics.stage.labels(stage).observe(ms / 1000)
    response.headers["Server-Timing"] = ", ".join(f"{k};dur={v:.2f}" for k, v in stages.items())
    if cache is not None:
        response.headers["X-Cache"] = cache
    return response
