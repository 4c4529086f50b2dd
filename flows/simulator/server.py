"""The servers: one port, a path for every source, counted requests, faults on demand."""

import hashlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from flows.simulator import anidb, anilist, animeplanet, animeschedule, jikan, kitsu
from flows.simulator.faults import Fault, Faults
from flows.simulator.spoiling import spoil
from flows.simulator.world import SOURCES, World

HOST = "127.0.0.1"
START_S = 20.0


class Simulator:
    """Serves a world in a thread; use it with ``with``.

    ``requests`` counts by source, ``answered`` the requests that got a good answer, by what was
    asked: more than one of the same is one too many for a client with a cache.
    """

    def __init__(self, world: World, faults: Iterable[Fault] = (), port: int = 0) -> None:
        self.world = world
        self.faults = Faults(faults)
        self.requests: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self._socket = socket.create_server((HOST, port))
        config = uvicorn.Config(self.application(), log_level="warning", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="simulator", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    @property
    def base_urls(self) -> dict[str, str]:
        """For ``enrichment.base_urls``."""
        return {source: f"http://{HOST}:{self.port}/{source}" for source in SOURCES}

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + START_S
        while not self._server.started:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the simulator did not start within {START_S:g} s")
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def forget(self) -> None:
        """Count from nought again."""
        self.requests.clear()
        self.answered.clear()

    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route(
                    "/robots.txt", lambda request: PlainTextResponse("User-agent: *\nAllow: /\n")
                ),
                Route("/{source}/{path:path}", self._answer, methods=["GET", "POST"]),
            ]
        )

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    async def _answer(self, request: Request) -> Response:
        source = request.path_params["source"]
        asked = await _asked(request)
        self.requests[source] += 1
        answer = await self._good(source, request)
        fault = self.faults.of(source, asked)
        if fault is not None:
            answer = await spoil(answer, fault)
        if answer.status_code == 200 and bytes(answer.body) != anidb.MISSING:
            self.answered[f"{source} {hashlib.sha256(asked.encode()).hexdigest()[:16]}"] += 1
        return answer

    async def _good(self, source: str, request: Request) -> Response:
        path, query = request.path_params["path"].strip("/"), request.query_params
        match source, path.split("/"):
            case "jikan", ["anime", id, part]:
                page = int(query.get("page", "1"))
                return _json(jikan.answer(self.world, id, part, page))
            case "anilist", [""]:
                body = json.loads(await request.body())
                return _json(anilist.answer(self.world, body["variables"]))
            case "kitsu", ["anime"]:
                return _json(kitsu.titles(self.world, query["filter[id]"].split(",")))
            case "kitsu", ["mappings"]:
                return _json(kitsu.mappings(self.world, query["filter[externalId]"].split(",")))
            case "anidb", ["httpapi"]:
                return Response(anidb.answer(self.world, query["aid"]), media_type="text/xml")
            case "animeschedule", ["anime"]:
                provider = "mal" if "mal-ids" in query else "anilist"
                ids = query.getlist(f"{provider}-ids")
                return _json(animeschedule.answer(self.world, provider, ids))
            case "animeschedule", ["anime", route]:
                return _json(animeschedule.detail(self.world, route))
            case "animeplanet", ["anime", slug]:
                return _page(animeplanet.page(self.world, slug))
        return Response(status_code=404)


async def _asked(request: Request) -> str:
    """Everything that makes a request what it is."""
    body = (await request.body()).decode()
    return f"{request.url.path}?{request.url.query} {body}"


def _json(answer: object) -> Response:
    if answer is None:
        return JSONResponse({"error": "not found"}, 404)
    return JSONResponse(answer)


def _page(document: bytes | None) -> Response:
    if document is None:
        return Response(b"<title>No such page</title>", 404, media_type="text/html")
    return Response(document, media_type="text/html; charset=utf-8")
