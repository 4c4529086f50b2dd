"""``animevec simulate``: invented stand-ins of the six sources, for tests and demonstrations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from animevec.errors import InvalidRequest

if TYPE_CHECKING:
    from flows.simulator import Fault


@click.command()
@click.option("--titles", default=1_000, help="How many invented titles.")
@click.option("--seed", default=1, help="Another one invents other titles.")
@click.option("--port", default=8765, help="Port to answer on; 0: any that is free.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="SOURCE:KIND",
    help="Spoil every answer of a source; repeatable.",
)
@click.option("--pages", type=click.Path(path_type=Path), help="Write Anime-Planet's pages here.")
def simulate(
    titles: int, seed: int, port: int, faults: tuple[str, ...], pages: Path | None
) -> None:
    """Answer as the six sources do, on one local port, until interrupted.

    Everything is invented.  The settings it prints point enrichment at it.

    \b
    Examples:
      animevec simulate --titles 200
      animevec simulate --fault anilist:down --fault animeschedule:rate_limited
    """
    from flows.simulator import Simulator, World, animeplanet

    world = World.make(titles, seed)
    spoilt = [_fault(fault) for fault in faults]
    if pages:
        click.echo(f"# {animeplanet.write(world, pages)} pages written to {pages}")
    with Simulator(world, spoilt, port) as simulator:
        for name, value in _pointing(simulator.base_urls).items():
            click.echo(f"export ANIMEVEC_ENRICHMENT__{name}='{value}'")
        keys = " ".join(f"mal:{work.id('mal')}" for work in list(world)[:3])
        click.echo(f"# next, with these set elsewhere: animevec enrich {keys}")
        try:
            Event().wait()
        except KeyboardInterrupt:
            click.echo(f"# requests: {dict(simulator.requests)}")


def _pointing(base_urls: Mapping[str, str]) -> dict[str, str]:
    """The settings that make stand-ins of the sources: their credentials are any."""
    return {
        "BASE_URLS": json.dumps(dict(base_urls)),
        "STAND_IN_RATE": "100",
        "ANIDB_CLIENT": "simulator",
        "ANIMESCHEDULE_TOKEN": "simulator",
        "ANIMEPLANET": "polite",
    }


def _fault(words: str) -> Fault:
    from flows.simulator import Fault, FaultKind
    from flows.simulator.world import SOURCES

    source, _, kind = words.partition(":")
    if source not in SOURCES or kind not in {*FaultKind}:
        raise InvalidRequest(
            f"no fault {words}; sources: {', '.join(SOURCES)}; kinds: {', '.join(FaultKind)}"
        )
    return Fault(source=source, kind=FaultKind(kind))
