"""Load on the search service: BentoML, bare uvicorn with the same app, and the engine in process.

    python benchmarks/serve.py --seconds 10 --json serve.json
    python benchmarks/serve.py --kinds text --clients 1 20 --beside 64

It starts and stops its own servers over the home of the settings (ANIMEVEC_HOME), whose service
must be down.  Every query is different, and result caches are off.  Closed loops keep 1, 20 and
100 clients busy; open loops send at a constant rate, whatever the service does, and measure from
the moment a request was due, so that a queue is not hidden.  CPU is what the server's whole
process family used, divided by the answers; the load generator is not part of it.  With
``--beside`` one more client asks for so many similarities at a time, counted in the CPU only.
"""

import argparse
import asyncio
import base64
import json
import random
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

from animevec import quiet

quiet.apply()  # the engine in process computes with the service's threads

import aiohttp  # noqa: E402
import numpy as np  # noqa: E402
import psutil  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from animevec.catalog.record import Anime  # noqa: E402
from animevec.catalog.store import Catalog  # noqa: E402
from animevec.errors import AnimevecError  # noqa: E402
from animevec.lineup import open_assembly  # noqa: E402
from animevec.search.engine import SearchEngine  # noqa: E402
from animevec.search.request import MultimodalSearch, PictureSearch, SimilarSearch, TextSearch  # noqa: E402
from animevec.settings import Settings  # noqa: E402
from animevec.stack.process import Process, Supervisor  # noqa: E402
from animevec.stack.readiness import wait_ready  # noqa: E402
from animevec.stack.table import search_service  # noqa: E402

CLIENTS = (1, 20, 100)
SHARES = (0.5, 0.8)  # of the throughput at 20 clients, for the open loops
POOL = 2_000
BARE = (
    "import uvicorn; from animevec import quiet; quiet.apply();"
    "from animevec.settings import Settings; from bentos.app import create_app; s = Settings();"
    "uvicorn.run(create_app(s), host=s.serve.host, port=s.serve.port, access_log=False,"
    "log_config=None)"
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, over HTTP and in process."""

    method: str
    path: str
    body: bytes | None
    call: Callable[[SearchEngine], object]


@dataclass(frozen=True, slots=True)
class Measured:
    """Latencies in milliseconds, answers per second, CPU milliseconds per answer."""

    server: str
    kind: str
    loop: str
    answers: int
    errors: int
    p50: float
    p95: float
    p99: float
    per_second: float
    cpu_ms: float


def asks(kind: str, titles: Sequence[Anime], settings: Settings) -> list[Ask]:
    """``POOL`` different requests of one kind, the same in every run."""
    chance = random.Random(f"serve {kind}")
    covers = [path for path in _covers(titles, settings) if path.is_file()]
    return [_ask(kind, chance, titles, covers) for _ in range(POOL)]


def _covers(titles: Sequence[Anime], settings: Settings) -> Iterator[Path]:
    for title in titles:
        yield from (settings.pictures_path / p.sha256 for p in title.pictures if p.sha256)


def _ask(kind: str, chance: random.Random, titles: Sequence[Anime], covers: Sequence[Path]) -> Ask:
    match kind:
        case "text":
            return _post("search", {"query": _words(chance, titles), "limit": 10}, TextSearch)
        case "picture":
            body = {"picture": _picture(chance, covers), "limit": 10}
            return _post("search/image", body, PictureSearch)
        case "multimodal":
            words, data = _words(chance, titles), _picture(chance, covers)
            body = {"query": words, "picture": data, "limit": 10}
            return _post("search/multimodal", body, MultimodalSearch)
        case "similar 20":
            reference = str(chance.choice(titles).id)
            search = SimilarSearch(positive=(reference,), limit=20)
            path = f"/api/v1/similarity/anime/{reference}?limit=20"
            return Ask("GET", path, None, lambda engine: engine.similar(search))
    return _batch(chance, titles, 10)


def _batch(chance: random.Random, titles: Sequence[Anime], size: int) -> Ask:
    """Similarity to ``size`` titles, each for itself, in one request."""
    searches = [
        SimilarSearch(positive=(str(chance.choice(titles).id),), limit=20) for _ in range(size)
    ]
    body = {"searches": [one.model_dump(mode="json", exclude_unset=True) for one in searches]}
    encoded = json.dumps(body).encode()
    return Ask(
        "POST", "/api/v1/similarity/batch", encoded, lambda engine: engine.similar_batch(searches)
    )


def _post(path: str, body: dict[str, Any], model: Any) -> Ask:
    method = {"search": "text", "search/image": "picture"}.get(path, "multimodal")

    def call(engine: SearchEngine) -> object:
        return getattr(engine, method)(model.model_validate(body)).model_dump_json()

    return Ask("POST", f"/api/v1/{path}", json.dumps(body).encode(), call)


def _words(chance: random.Random, titles: Sequence[Anime]) -> str:
    """Eight words in a row from a random synopsis."""
    words = (chance.choice(titles).synopsis or "").split()
    start = chance.randrange(max(1, len(words) - 8))
    return " ".join(words[start : start + 8]) or "a story"


def _picture(chance: random.Random, covers: Sequence[Path]) -> str:
    """A random cover; its last bytes differ so that no two requests are the same."""
    data = chance.choice(covers).read_bytes() + chance.randbytes(4)
    return base64.b64encode(data).decode()


class Load:
    """Sends requests and keeps their latencies."""

    def __init__(self, session: aiohttp.ClientSession, pool: Sequence[Ask]) -> None:
        self._session = session
        self.asks = len(pool)
        self._pool = cycle(pool)
        self.latencies: list[float] = []
        self.errors = 0

    async def one(self, due: float) -> None:
        """One request, timed from when it was due."""
        ask = next(self._pool)
        try:
            async with self._session.request(
                ask.method, ask.path, data=ask.body, headers={"content-type": "application/json"}
            ) as answer:
                await answer.read()
                good = answer.status == 200
        except aiohttp.ClientError:
            good = False
        if good:
            self.latencies.append((time.perf_counter() - due) * 1000)
        else:
            self.errors += 1

    async def closed(self, clients: int, seconds: float) -> None:
        """``clients`` of which each sends its next request when it has its answer."""
        end = time.perf_counter() + seconds

        async def client() -> None:
            while (now := time.perf_counter()) < end:
                await self.one(now)

        await asyncio.gather(*(client() for _ in range(clients)))

    async def opened(self, rate: float, seconds: float) -> None:
        """``rate`` requests a second, on time, whether answered or not."""
        start, pending = time.perf_counter(), set()
        for number in range(int(rate * seconds)):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(self.one(due))
            pending.add(task)
            task.add_done_callback(pending.discard)
        await asyncio.gather(*pending)


def family_cpu(pid: int) -> float:
    """CPU seconds of a process and everything under it so far."""
    root = psutil.Process(pid)
    times = [member.cpu_times() for member in (root, *root.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def family_mb(pid: int) -> float:
    """Resident memory of a process and everything under it."""
    root = psutil.Process(pid)
    members = (root, *root.children(recursive=True))
    return float(sum(member.memory_info().rss for member in members)) / 1e6


async def measure(
    server: str,
    kind: str,
    pid: int,
    url: str,
    pool: Sequence[Ask],
    clients: Sequence[int],
    seconds: float,
    beside: Sequence[Ask] = (),
) -> list[Measured]:
    """Every loop of one kind against one server, ``beside`` a client with requests of its own."""
    found: list[Measured] = []
    # Idle connections are let go before the server does, which would look like an error of its.
    limit = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)
    async with aiohttp.ClientSession(url, connector=limit) as session:
        await Load(session, pool).closed(4, 1.0)
        for count in clients:
            load = Load(session, pool[count:])
            run = _beside(load.closed(count, seconds), Load(session, beside), seconds)
            found.append(await _timed(server, kind, f"closed, {count}", pid, load, run))
        usual = next((m for m in found if m.loop == "closed, 20"), found[-1])
        for share in SHARES:
            rate = max(1.0, usual.per_second * share)
            load = Load(session, pool[500:])
            run = _beside(load.opened(rate, seconds), Load(session, beside), seconds)
            found.append(await _timed(server, kind, f"open, {rate:.0f}/s", pid, load, run))
    return found


async def _beside(run: Coroutine[Any, Any, None], other: Load, seconds: float) -> None:
    """A loop, and one more client for so long, if that has anything to ask."""
    await asyncio.gather(run, *([other.closed(1, seconds)] if other.asks else []))


async def _timed(server: str, kind: str, loop: str, pid: int, load: Load, run: Any) -> Measured:
    cpu, started = family_cpu(pid), time.perf_counter()
    await run
    seconds, cpu = time.perf_counter() - started, family_cpu(pid) - cpu
    return _measured(server, kind, loop, load.latencies, load.errors, seconds, cpu)


def _measured(
    server: str, kind: str, loop: str, ms: Sequence[float], errors: int, seconds: float, cpu: float
) -> Measured:
    p50, p95, p99 = np.percentile(ms or [float("nan")], (50, 95, 99)).round(1).tolist()
    count = max(1, len(ms))
    rate = round(len(ms) / seconds, 1)
    return Measured(
        server, kind, loop, len(ms), errors, p50, p95, p99, rate, round(cpu / count * 1000, 2)
    )


def in_process(kind: str, engine: SearchEngine, pool: Sequence[Ask], seconds: float) -> Measured:
    """The same requests by a call, one after the other, request model and JSON included."""
    engine.prepare()  # as the service does when it warms
    for ask in pool[:10]:
        ask.call(engine)
    latencies: list[float] = []
    cpu, started = time.process_time(), time.perf_counter()
    for ask in cycle(pool):
        before = time.perf_counter()
        ask.call(engine)
        latencies.append((time.perf_counter() - before) * 1000)
        if time.perf_counter() - started > seconds:
            break
    elapsed, used = time.perf_counter() - started, time.process_time() - cpu
    return _measured("in process", kind, "sequential", latencies, 0, elapsed, used)


@contextmanager
def running(process: Process, folder: Path) -> Iterator[int]:
    """A server's pid while it runs."""
    supervisor = Supervisor(folder)
    try:
        pid = supervisor.start(process).pid
        wait_ready(process, supervisor, lambda state: None)
        yield pid
    finally:
        supervisor.stop(process)


def servers(settings: Settings) -> list[Process]:
    """BentoML as it is deployed, and uvicorn alone with the same app, where that needs no services
    beside it.
    """
    env = {
        "ANIMEVEC_HOME": str(settings.home),
        "ANIMEVEC_SERVE__PORT": str(settings.serve.port),
        "ANIMEVEC_CACHE__ENABLED": "false",
        "ANIMEVEC_LIMITS__REQUESTS_PER_MINUTE": "100000000",
    }
    bento = search_service(settings)
    bento = replace(bento, name="bench-bentoml", env={**bento.env, **env})
    if settings.serve.topology == "services":
        return [bento]
    return [bento, replace(bento, name="bench-uvicorn", command=(sys.executable, "-c", BARE))]


def show(rows: Sequence[Measured], memory: dict[str, float], console: Console) -> None:
    """The table, and each server's memory."""
    table = Table(box=None, pad_edge=False)
    for column in ("kind", "server", "loop"):
        table.add_column(column)
    for column in ("answers", "errors", "p50 ms", "p95 ms", "p99 ms", "per s", "CPU ms"):
        table.add_column(column, justify="right")
    for row in rows:
        server, kind, *rest = astuple(row)
        table.add_row(*map(str, (kind, server, *rest)))
    console.print(table)
    for server, megabytes in memory.items():
        console.print(f"memory, {server}: {megabytes:,.0f} MB")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def on_free_port() -> Settings:
    """The settings, with a port for servers that a measurement starts."""
    base = Settings()
    return base.model_copy(update={"serve": base.serve.model_copy(update={"port": free_port()})})


def main() -> None:
    """Run what the arguments name and print the table."""
    known = ("text", "picture", "multimodal", "similar 20", "ten references")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each loop")
    parser.add_argument("--kinds", nargs="+", choices=known, default=known)
    parser.add_argument("--clients", nargs="+", type=int, default=CLIENTS)
    parser.add_argument("--beside", type=int, default=0, help="similarities in one request")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    chosen = parser.parse_args()
    settings = on_free_port()
    with Catalog.open(settings.catalog_url) as catalog:
        titles = list(catalog.iterate())
    pools = {kind: asks(kind, titles, settings) for kind in chosen.kinds}
    chance = random.Random("beside")
    beside = [_batch(chance, titles, chosen.beside) for _ in range(200 if chosen.beside else 0)]
    rows, memory = [], {}
    for process in servers(settings):
        name = process.name.removeprefix("bench-")
        with running(process, settings.home / "run") as pid:
            for kind, pool in pools.items():
                rows += asyncio.run(
                    measure(
                        name, kind, pid, process.url, pool, chosen.clients, chosen.seconds, beside
                    )
                )
            memory[name] = family_mb(pid)
    with open_assembly(settings) as assembly:
        rows += [
            in_process(kind, assembly.engine, pool, chosen.seconds) for kind, pool in pools.items()
        ]
    rows.sort(key=lambda row: known.index(row.kind))
    show(rows, memory, Console(width=140))
    print(f"{len(titles):,} titles, {psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}")
    if chosen.json:
        figures = {
            "titles": len(titles),
            "rows": [asdict(row) for row in rows],
            "memory_mb": memory,
        }
        chosen.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    try:
        main()
    except AnimevecError as error:
        sys.exit(error.message)
