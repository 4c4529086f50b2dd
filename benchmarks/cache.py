"""What the caches save: one Zipf-shaped query log through two services, caches on and off.

    python -m benchmarks.cache --json cache.json

Both services run over copies of the home of the settings (ANIMEVEC_HOME), whose service must be
down.  They are asked in turns, a slice of the log each, so that both meet the same machine.  The
query of rank r is asked with a probability proportional to 1/r; one request in ten asks for the
second page, one in ten with a filter.  CPU is what the server's whole process family used, divided
by the answers.  "cold" is the beginning of the log, after some other queries, so that caches know
nothing of it; "steady" is its end.
"""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path

import aiohttp
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from animevec.catalog.record import Anime
from animevec.catalog.store import Catalog
from animevec.errors import AnimevecError
from animevec.settings import Settings
from animevec.stack.process import Process
from animevec.stack.table import search_service
from benchmarks.serve import family_cpu, free_port, running

PATH = "/api/v1/search"
IDLE_S = 4.0


@dataclass
class Tally:
    """What one service did in one part of the log."""

    caches: str
    part: str
    latencies: list[float] = field(default_factory=list)
    hits: int = 0
    errors: int = 0
    cpu_s: float = 0.0

    def figures(self) -> dict[str, str | float]:
        """Milliseconds, CPU milliseconds per answer, share of answers from the cache."""
        p50, p95, p99 = np.percentile(self.latencies or [float("nan")], (50, 95, 99)).round(1)
        count = max(1, len(self.latencies))
        return {
            "caches": self.caches,
            "part": self.part,
            "answers": len(self.latencies),
            "errors": self.errors,
            "hit rate": round(self.hits / count, 3),
            "p50 ms": float(p50),
            "p95 ms": float(p95),
            "p99 ms": float(p99),
            "CPU ms": round(self.cpu_s / count * 1000, 2),
        }


def query_log(name: str, titles: Sequence[Anime], distinct: int, length: int) -> list[bytes]:
    """Bodies of requests, the same in every run."""
    chance = random.Random(f"query {name}")
    queries = [_words(chance, titles) for _ in range(distinct)]
    weights = [1 / rank for rank in range(1, distinct + 1)]
    asked = chance.choices(queries, weights, k=length)
    return [json.dumps({"query": query, **_more(chance)}).encode() for query in asked]


def _words(chance: random.Random, titles: Sequence[Anime]) -> str:
    """Three to eight words in a row from a random synopsis."""
    words = (chance.choice(titles).synopsis or "").split()
    start = chance.randrange(max(1, len(words) - 8))
    return " ".join(words[start : start + chance.randint(3, 8)]) or "a story"


def _more(chance: random.Random) -> dict[str, object]:
    draw = chance.random()
    if draw < 0.1:
        return {"offset": 10}
    return {"filters": {"year": {"gte": 2000}}} if draw < 0.2 else {}


async def closed(url: str, bodies: Sequence[bytes], clients: int, tally: Tally) -> None:
    """The slice of the log by clients of which each sends its next request when it is answered."""
    todo = iter(bodies)
    headers = {"content-type": "application/json"}

    async def client(session: aiohttp.ClientSession) -> None:
        for body in todo:
            started = time.perf_counter()
            async with session.post(PATH, data=body, headers=headers) as answer:
                await answer.read()
            if answer.status != 200:
                tally.errors += 1
                continue
            tally.latencies.append((time.perf_counter() - started) * 1000)
            tally.hits += answer.headers.get("x-cache") == "hit"

    async with aiohttp.ClientSession(url) as session:
        await asyncio.gather(*(client(session) for _ in range(clients)))


def ask(process: Process, pid: int, bodies: Sequence[bytes], clients: int, tally: Tally) -> None:
    """A slice of the log to one service, its CPU counted."""
    before = family_cpu(pid)
    asyncio.run(closed(process.url, bodies, clients, tally))
    tally.cpu_s += family_cpu(pid) - before


def await_idle(pid: int, longest_s: float = 60.0) -> None:
    """Wait until a service that has just started does no more than a tenth of a core's work."""
    end = time.monotonic() + longest_s
    while time.monotonic() < end:
        before = family_cpu(pid)
        time.sleep(IDLE_S)
        if family_cpu(pid) - before < 0.1 * IDLE_S:
            return


def service(settings: Settings, home: Path, caches: str) -> Process:
    """A service over a copy of the home."""
    shutil.copytree(settings.home, home, ignore=shutil.ignore_patterns("run", "bentoml"))
    port = free_port()
    chosen = settings.model_copy(
        update={"home": home, "serve": settings.serve.model_copy(update={"port": port})}
    )
    env = {
        "ANIMEVEC_HOME": str(home),
        "ANIMEVEC_SERVE__PORT": str(port),
        "ANIMEVEC_CACHE__ENABLED": str(caches == "on").lower(),
        "ANIMEVEC_LIMITS__REQUESTS_PER_MINUTE": "100000000",
    }
    process = search_service(chosen)
    return replace(process, name=f"bench-cache-{caches}", env={**process.env, **env})


def compare(
    settings: Settings, before: Sequence[bytes], log: Sequence[bytes], chosen: argparse.Namespace
) -> list[Tally]:
    """Both services through the log: its beginning, and its end once the caches know the middle."""
    part, slice_ = chosen.requests, chosen.slice
    cold, middle, steady = log[:part], log[part:-part], log[-part:]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="animevec-bench-")))
        processes = {caches: service(settings, folder / caches, caches) for caches in ("off", "on")}
        pids = {
            caches: stack.enter_context(running(process, folder / caches / "run"))
            for caches, process in processes.items()
        }

        def turns(name: str, bodies: Sequence[bytes]) -> list[Tally]:
            tallies = {caches: Tally(caches, name) for caches in processes}
            rest = iter(bodies)
            while turn := list(islice(rest, slice_)):
                for caches, process in processes.items():
                    ask(process, pids[caches], turn, chosen.clients, tallies[caches])
            return list(tallies.values())

        for pid in pids.values():
            await_idle(pid)
        turns("before", before)
        found = turns("cold", cold)
        ask(processes["on"], pids["on"], middle, chosen.clients, Tally("on", "middle"))
        return [*found, *turns("steady", steady)]


def show(rows: Sequence[dict[str, str | float]], console: Console) -> None:
    """The table, and what the caches save in each part."""
    table = Table(box=None, pad_edge=False)
    for column in rows[0]:
        table.add_column(column, justify="left" if column in ("caches", "part") else "right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    console.print(table)
    for off, on in zip(rows[::2], rows[1::2], strict=True):
        change = {name: float(on[name]) / float(off[name]) - 1 for name in ("p95 ms", "CPU ms")}
        less = ", ".join(f"{name.split()[0]} {share:+.0%}" for name, share in change.items())
        console.print(f"{off['part']}: {less}")


def main() -> None:
    """Run what the arguments name and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--distinct", type=int, default=2_000, help="different queries")
    parser.add_argument("--requests", type=int, default=1_200, help="of each measured part")
    parser.add_argument("--middle", type=int, default=8_000, help="requests between the parts")
    parser.add_argument("--slice", type=int, default=100, help="requests of one turn")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    chosen = parser.parse_args()
    settings = Settings()
    with Catalog.open(settings.catalog_url) as catalog:
        titles = list(catalog.iterate())
    log = query_log("log", titles, chosen.distinct, 2 * chosen.requests + chosen.middle)
    before = query_log("before", titles, chosen.distinct, 2 * chosen.slice)
    tallies = compare(settings, before, log, chosen)
    show([tally.figures() for tally in tallies], Console(width=120))
    shape = f"{chosen.distinct:,} queries, {chosen.clients} clients, {len(titles):,} titles"
    print(f"{shape}, {psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}")
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(tally) for tally in tallies], indent=1))


if __name__ == "__main__":
    try:
        main()
    except AnimevecError as error:
        sys.exit(error.message)
