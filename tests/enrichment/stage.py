"""The six sources invented and served locally, and an installation that asks them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from animevec.catalog.record import Anime
from animevec.catalog.store import Catalog
from animevec.settings import Settings
from flows.enrichment.report import RunReport
from flows.enrichment.request import Enrich
from flows.enrichment.runner import Runner
from flows.simulator import Simulator, World

FAST = 2_000


def settings_for(simulator: Simulator, home: Path, url: str = "", **changes: Any) -> Settings:
    """An installation whose sources are the simulator's; their rates do not matter there."""
    enrichment = {
        "base_urls": simulator.base_urls,
        "stand_in_rate": FAST,
        "animeplanet": "polite",
        "anidb_client": "stage",
        "animeschedule_token": "stage",
        "timeout_s": 5.0,
        "retry_wait_s": 0.2,
        "attempts": 2,
        "quality_report": False,
        **changes,
    }
    return Settings(home=home, catalog={"url": url}, enrichment=enrichment)  # type: ignore[arg-type]


@dataclass
class Stage:
    """Invented sources, an empty catalogue, and a runner between them."""

    world: World
    simulator: Simulator
    settings: Settings
    catalog: Catalog
    runner: Runner

    def enrich(self, now: datetime | None = None, **request: Any) -> RunReport:
        """Run a request; without titles or anything due, on everything."""
        wanted = Enrich(**{"limits": {}, **request})
        return asyncio.run(self.runner.run(wanted, now=now))

    def enrich_all(self, **request: Any) -> RunReport:
        """Run on every invented title."""
        return self.enrich(titles=self.keys(), **request)

    def keys(self) -> tuple[str, ...]:
        return tuple(f"mal:{work.id('mal')}" for work in self.world)

    def record(self, number: int) -> Anime:
        """What the catalogue has of an invented title."""
        id = self.catalog.resolve(f"mal:{self.world.works[number].id('mal')}")
        assert id is not None
        found = self.catalog.get(id)
        assert found is not None
        return found


@contextmanager
def staged(home: Path, titles: int, url: str = "", **changes: Any) -> Iterator[Stage]:
    """A stage with so many titles; its catalogue is at ``url``, or in ``home``."""
    world = World.make(titles)
    with Simulator(world) as simulator:
        settings = settings_for(simulator, home, url, **changes)
        with (
            Catalog.open(settings.catalog_url) as catalog,
            Runner(settings, catalog) as runner,
        ):
            yield Stage(world, simulator, settings, catalog, runner)


def values(record: Anime) -> dict[str, Any]:
    """A record without the times at which its values were heard."""
    plain = record.model_dump(mode="json")
    for origin in plain["provenance"].values():
        origin.pop("fetched_at")
    return plain
