"""``python -m flows.simulator``: the six sources on one local port, until interrupted."""

import json
import time
from pathlib import Path

import click

from flows.simulator import Fault, FaultKind, Simulator, World, animeplanet


@click.command()
@click.option("--titles", default=1_000, show_default=True, help="How many invented titles.")
@click.option("--seed", default=1, show_default=True)
@click.option("--port", default=8765, show_default=True)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="SOURCE:KIND",
    help=f"Spoil every answer of a source: {', '.join(FaultKind)}.",
)
@click.option("--pages", type=click.Path(path_type=Path), help="Write Anime-Planet's pages here.")
def main(titles: int, seed: int, port: int, faults: tuple[str, ...], pages: Path | None) -> None:
    """Answer as the six sources do."""
    world = World.make(titles, seed)
    spoilt = [Fault(source=source, kind=FaultKind(kind)) for source, kind in map(_split, faults)]
    if pages:
        click.echo(f"{animeplanet.write(world, pages)} pages written to {pages}")
    with Simulator(world, spoilt, port) as simulator:
        click.echo(f"ANIMEVEC_ENRICHMENT__BASE_URLS='{json.dumps(simulator.base_urls)}'")
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            click.echo(f"requests: {dict(simulator.requests)}")


def _split(fault: str) -> tuple[str, str]:
    source, _, kind = fault.partition(":")
    return source, kind


main()
