"""The running service while its whole index is built again: `python -m benchmarks.rebuild`.

It starts its own service over the home of the settings (ANIMEVEC_HOME), whose service must be
down.  Queries in words arrive at a constant rate, each timed from when it was due: first
undisturbed, then from the moment a reindex is asked for until it is swapped in.  Every query is
different and caches are off; an answer with fewer hits than were asked for counts as wrong.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import aiohttp
import numpy as np
from rich.console import Console
from rich.table import Table

from animevec.catalog.store import Catalog
from animevec.errors import AnimevecError
from animevec.keys import KeyStore, admin_key
from benchmarks.serve import Ask, asks, on_free_port, running, servers

LIMIT = 10


@dataclass
class Phase:
    """What was asked in one phase, and how it was answered; milliseconds from when it was due."""

    name: str
    latencies: list[float] = field(default_factory=list)
    wrong: int = 0

    def row(self) -> tuple[str, ...]:
        """Cells of the table."""
        p50, p95, p99 = np.percentile(self.latencies, (50, 95, 99))
        shown = (f"{value:,.0f}" for value in (p50, p95, p99, max(self.latencies)))
        return (self.name, f"{len(self.latencies):,}", str(self.wrong), *shown)


async def ask_one(session: aiohttp.ClientSession, ask: Ask, due: float, phase: Phase) -> None:
    """One query; it is wrong where it is not answered with a full page."""
    headers = {"content-type": "application/json"}
    try:
        async with session.request(ask.method, ask.path, data=ask.body, headers=headers) as answer:
            found = await answer.json()
            phase.wrong += answer.status != 200 or len(found["hits"]) != LIMIT
    except aiohttp.ClientError:
        phase.wrong += 1
    phase.latencies.append((time.perf_counter() - due) * 1000)


async def ticks(rate: float, over: asyncio.Event) -> AsyncIterator[float]:
    """The moments at which a query is due, until it is over."""
    due = time.perf_counter()
    while not over.is_set():
        due += 1 / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        yield due


async def load(
    session: aiohttp.ClientSession, pool: Sequence[Ask], rate: float, over: asyncio.Event, name: str
) -> Phase:
    """Queries at a constant rate until it is over."""
    phase, number = Phase(name), 0
    async with asyncio.TaskGroup() as group:
        async for due in ticks(rate, over):
            group.create_task(ask_one(session, pool[number % len(pool)], due, phase))
            number += 1
    return phase


async def rebuilt(session: aiohttp.ClientSession) -> float:
    """Seconds that a reindex takes, from the request until its job is done."""
    started = time.perf_counter()
    async with session.post("/api/v1/admin/reindex") as answer:
        answer.raise_for_status()
        job = await answer.json()
    while job["state"] == "running":
        await asyncio.sleep(0.5)
        async with session.get(f"/api/v1/admin/jobs/{job['id']}") as answer:
            job = await answer.json()
    if job["state"] != "done":
        raise AnimevecError(f"the reindex is {job['state']}: {json.dumps(job)}")
    return time.perf_counter() - started


async def measure(
    url: str, key: str, pool: Sequence[Ask], rate: float, calm_s: float
) -> tuple[list[Phase], float]:
    """Both phases, and how long the rebuild took."""
    headers = {"authorization": f"Bearer {key}"}
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=3)
    async with aiohttp.ClientSession(url, connector=connector, headers=headers) as session:
        over = asyncio.Event()
        calm = asyncio.create_task(load(session, pool, rate, over, "undisturbed"))
        await asyncio.sleep(calm_s)
        over.set()
        phases, over = [await calm], asyncio.Event()
        busy = asyncio.create_task(load(session, pool, rate, over, "during the rebuild"))
        try:
            seconds = await rebuilt(session)
        finally:
            over.set()
        return [*phases, await busy], seconds


def main() -> None:
    """Run both phases and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=20.0, help="queries a second")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the undisturbed phase")
    chosen = parser.parse_args()
    settings = on_free_port()
    with Catalog.open(settings.catalog_url) as catalog:
        titles = list(catalog.iterate())
    process = servers(settings)[0]
    with closing(KeyStore(settings.keys_url)) as keys:
        key = admin_key(keys, settings.admin_key_file)
    with running(process, settings.home / "run"):
        work = measure(
            process.url, key, asks("text", titles, settings), chosen.rate, chosen.seconds
        )
        phases, seconds = asyncio.run(work)
    columns = ("", "queries", "wrong", "p50 ms", "p95 ms", "p99 ms", "longest ms")
    table = Table(*columns, box=None)
    for phase in phases:
        table.add_row(*phase.row())
    Console(width=100).print(table)
    print(f"{len(titles):,} titles rebuilt in {seconds:.0f} s, {chosen.rate:g} queries a second")


if __name__ == "__main__":
    try:
        main()
    except AnimevecError as error:
        sys.exit(error.message)
