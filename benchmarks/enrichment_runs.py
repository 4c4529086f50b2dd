"""Whole runs against the simulator: how fast, how many requests, how much memory, what survives.

The runner is a process of its own; the simulator is in this one. Its rate limits are raised to
``RATE`` requests a second for every source, so the figures are of this code, not of the sources:
at their own limits Jikan's 60 a minute make it about 900 titles an hour.
"""

import json
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from animevec.catalog.store import Catalog
from animevec.settings import Settings
from flows.enrichment.ledger import Ledger
from flows.simulator import Fault, FaultKind, Simulator, World, animeplanet

RATE = 1_000
KILLS = 3
FAULTS = (
    Fault(source="anilist", kind=FaultKind.DOWN),
    Fault(source="animeschedule", kind=FaultKind.RATE_LIMITED, every=20, seconds=0.1),
    Fault(source="anidb", kind=FaultKind.GARBAGE),
)
CHILD = """
import asyncio, json, resource, sys
from pathlib import Path
from animevec.catalog.store import Catalog
from animevec.settings import Settings
from flows.enrichment.request import Enrich
from flows.enrichment.runner import Runner
home, enrichment, request = (json.loads(argument) for argument in sys.argv[1:])
settings = Settings(home=home, enrichment=enrichment)
with Catalog.open(settings.catalog_url) as catalog, Runner(settings, catalog) as runner:
    report = asyncio.run(runner.run(Enrich.model_validate(request)))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"report": report.model_dump(mode="json"), "peak_mb": peak}))
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run in a process of its own ended."""

    report: Mapping[str, Any]
    peak_mb: float
    seconds: float


class Place:
    """An installation in a folder, whose sources are a simulator's."""

    def __init__(self, simulator: Simulator, home: Path) -> None:
        self._simulator = simulator
        animeplanet.write(simulator.world, home / "pages")
        self.enrichment = {
            "base_urls": simulator.base_urls,
            "stand_in_rate": RATE,
            "anidb_client": "benchmark",
            "animeschedule_token": "benchmark",
            "attempts": 3,
        }
        self.settings = Settings(home=home, enrichment=self.enrichment)

    def start(self) -> subprocess.Popen[str]:
        """The run, begun or gone on with."""
        titles = [f"mal:{work.id('mal')}" for work in self._simulator.world]
        request = {"titles": titles, "limits": {}, "limit": len(titles)}
        values = (str(self.settings.home), self.enrichment, request)
        command = [sys.executable, "-c", CHILD, *map(json.dumps, values)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def finish(self) -> Ended:
        """The run to its end."""
        started = time.perf_counter()
        with self.start() as process:
            output, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"the run failed with {process.returncode}")
        found = json.loads(output)
        return Ended(found["report"], found["peak_mb"], time.perf_counter() - started)

    def records(self) -> dict[str, dict[str, Any]]:
        """Every record by its MyAnimeList id, without the times at which values were heard."""
        found = {}
        with Catalog.open(self.settings.catalog_url) as catalog:
            for record in catalog.iterate():
                plain = record.model_dump(mode="json")
                for origin in plain["provenance"].values():
                    origin.pop("fetched_at")
                found[plain["keys"]["mal"]] = plain
        return found

    def requests(self, run: str) -> list[int]:
        """Requests of every title of a run, over all sources."""
        each: dict[int, int] = {}
        with Ledger(self.settings.enrichment_url) as ledger:
            for row in ledger.outcomes(run):
                each[row.place] = each.get(row.place, 0) + row.requests
        return list(each.values())

    def answers(self) -> int:
        """How many whole answers the HTTP cache holds."""
        with sqlite3.connect(self.settings.http_cache_path / "answers.db") as cache:
            query = "SELECT count(*) FROM entries WHERE chunk_count IS NOT NULL"
            return int(cache.execute(query).fetchone()[0])

    def forget_answers(self) -> None:
        """Empty the HTTP cache."""
        for path in self.settings.http_cache_path.glob("answers.db*"):
            path.unlink()


def simulate(titles: int, seed: int) -> None:
    """Print the figures of a straight run, of one with faults, and of one killed three times."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with Simulator(World.make(titles)) as simulator:
            straight = Place(simulator, home / "straight")
            print(f"{titles:,} titles, six sources, six stages; limits {RATE:,} requests a second")
            tell("straight", straight, straight.finish())
            wanted = straight.records()
            simulator.forget()
            killed(simulator, Place(simulator, home / "killed"), wanted, seed)
            simulator.faults.set(FAULTS)
            print("faults: " + ", ".join(f"{f.source} {f.kind}" for f in FAULTS))
            rest = Place(simulator, home / "rest")
            tell("from the rest", rest, rest.finish())
            straight.forget_answers()
            tell("over good data", straight, straight.finish())
            print(f"  values that differ from before: {differing(wanted, straight.records())}")


def tell(name: str, place: Place, ended: Ended) -> None:
    """The figures of one run."""
    report = ended.report
    each = place.requests(report["run"])
    hours = ended.seconds / 3600
    print(f"{name}: {ended.seconds:.0f} s, {report['titles'] / hours:,.0f} titles an hour")
    print(f"  states {report['states']}, completeness {report['completeness']}")
    print(f"  requests a title: median {statistics.median(each):g}, most {max(each)}")
    print(f"  requests by source: {report['requests']}")
    print(f"  outcomes: {report['outcomes']}")
    print(f"  peak memory {ended.peak_mb:.0f} MB")


def killed(
    simulator: Simulator, place: Place, wanted: Mapping[str, dict[str, Any]], seed: int
) -> None:
    """Kill a run at three random moments, go on, and compare with the straight one."""
    total = len(wanted) * 6
    moments = sorted(random.Random(seed).sample(range(total // 20, total * 3 // 4), KILLS))
    lost = 0
    for moment in moments:
        with place.start() as process:
            while sum(simulator.requests.values()) < moment and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        lost += len(simulator.answered) - place.answers()
    ended = place.finish()
    repeated = [count - 1 for count in simulator.answered.values() if count > 1]
    print(f"killed after {', '.join(map(str, moments))} requests, then to the end")
    print(f"  states {ended.report['states']}, titles done before: {ended.report['resumed_at']}")
    print(f"  records that differ from the straight run: {differing(wanted, place.records())}")
    print(
        f"  of {sum(simulator.answered.values()):,} answers {sum(repeated)} were asked for again; "
        f"{lost} were on their way when the process died, in no cache yet"
    )


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> int:
    """How many records are not the same."""
    return sum(one.get(id) != other.get(id) for id in one.keys() | other.keys())
