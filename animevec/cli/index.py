"""``animevec index``: build, follow up, look at, drop, save and restore indexes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from animevec.cli import terminal
from animevec.cli.terminal import json_option

if TYPE_CHECKING:
    from animevec.index.base import VectorStore
    from animevec.settings import Settings


@click.group()
def index() -> None:
    """Vectors of the catalogue's titles.

    An index is built beside the one that is served and swapped in when it is complete; it can
    always be rebuilt from the catalogue.

    \b
    Examples:
      animevec index build
      animevec index list
      animevec index sync
      animevec index snapshot live --folder backup
      animevec index restore titles-restored backup/FILE --alias live
    """


@index.command()
@click.option("--name", show_default="made of the time", help="Name of the new index.")
@click.option("--alias", default="live", help="Alias to move; '' moves none.")
@json_option
def build(name: str | None, alias: str, as_json: bool) -> None:
    """Build an index from the whole catalogue and let the alias mean it.

    A build that was interrupted goes on when it is started again with its name.  The index that
    was live before stays until it is dropped.
    """
    from animevec.index.assembly import open_room

    chosen = name or datetime.now(UTC).strftime("titles-%Y%m%d-%H%M%S")
    with open_room(_settings()) as room, terminal.bar(f"building {chosen}", as_json) as progress:
        report = room.builder.build(chosen, alias or None, progress)
    facts = {
        "name": report.name,
        "alias": alias or None,
        "points": report.points,
        "revision": report.revision,
        "seconds": round(report.seconds, 2),
        "resumed": report.resumed,
        "skipped": [{"id": str(s.id), "input": s.channel, "why": s.reason} for s in report.skipped],
    }
    words = (
        f"{report.name}: {report.points:,} titles at revision {report.revision:,} in "
        f"{report.seconds:.1f} s, {len(report.skipped):,} inputs skipped. "
        'Next: animevec search "…"'
    )
    terminal.answer(facts, as_json, lambda: click.echo(words))


@index.command()
@click.option("--name", default="live", help="Index or alias to catch up.")
@json_option
def sync(name: str, as_json: bool) -> None:
    """Catch an index up with the catalogue, and mend it where it differs.

    A running service follows the catalogue by itself and holds its index.
    """
    from animevec.index.assembly import open_room

    with open_room(_settings()) as room, terminal.bar(f"catching up {name}", as_json) as progress:
        report = room.builder.sync(name, progress)
    facts = {
        "name": name,
        "revision": report.revision,
        "upserted": report.upserted,
        "deleted": report.deleted,
        "repaired": report.repaired,
        "skipped": len(report.skipped),
    }
    words = (
        f"{name}: {report.upserted:,} written, {report.deleted:,} deleted, "
        f"{report.repaired:,} mended; now at revision {report.revision:,}."
    )
    terminal.answer(facts, as_json, lambda: click.echo(words))


@index.command()
@click.argument("name", default="live")
@json_option
def stats(name: str, as_json: bool) -> None:
    """Show size and state of an index."""
    with _store() as store:
        terminal.rows([_facts(store, name)], as_json)


@index.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Show every index."""
    with _store() as store:
        found = [_facts(store, name) for name in store.names()]
    terminal.rows(found, as_json, "no index yet: animevec index build")


@index.command()
@click.argument("name")
@click.option("--force", is_flag=True, help="Drop it even if it is live.")
def drop(name: str, force: bool) -> None:
    """Delete an index for good; the catalogue keeps every title."""
    from animevec.errors import Conflict
    from animevec.index.assembly import ledger

    with _store() as store:
        target = store.resolve(name) or name
        if store.resolve("live") == target and not force:
            raise Conflict(f"index {name!r} is live; build another one first, or use --force")
        store.drop(target)
        ledger(_settings()).remove(target)
    click.echo(f"{target}: dropped.")


@index.command()
@click.argument("name", default="live")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    show_default="snapshots in the home",
    help="Where the file goes.",
)
@json_option
def snapshot(name: str, folder: Path | None, as_json: bool) -> None:
    """Save an index as one file."""
    with _store() as store:
        path = store.snapshot(name, folder or _settings().home / "snapshots")
    size = path.stat().st_size
    words = f"{path}: {size / 1e6:,.1f} MB. Back again with: animevec index restore NAME {path}"
    terminal.answer({"path": str(path), "bytes": size}, as_json, lambda: click.echo(words))


@index.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--alias", default="", show_default="none", help="Alias to move to it, such as live.")
def restore(name: str, file: Path, alias: str) -> None:
    """Make an index from a saved file."""
    with _store() as store:
        store.restore(name, file)
        if alias:
            store.switch(alias, name)
        points = store.count(name)
    click.echo(f"{name}: {points:,} titles. Catch it up with: animevec index sync --name {name}")


def _settings() -> "Settings":
    from animevec.settings import Settings

    return Settings()


@contextmanager
def _store() -> Iterator["VectorStore"]:
    from animevec.index.stores import open_store

    settings = _settings()
    store = open_store(settings.index, settings.index_path)
    try:
        yield store
    finally:
        store.close()


def _facts(store: "VectorStore", name: str) -> dict[str, Any]:
    found = store.stats(name)
    return {
        "name": found.name,
        "live": store.resolve("live") == found.name,
        "titles": found.points,
        "revision": found.watermark,
        "disk_mb": round(found.disk_bytes / 1e6, 1),
        "optimized": found.optimized,
    }
