"""Flow ``prune``: old releases go, with their indexes, their copies and what only they used."""

from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from animevec.index.assembly import ledger
from animevec.index.base import VectorStore
from animevec.index.stores import open_store
from animevec.settings import Settings
from flows.parameters import Prune
from flows.workshop import Records, evaluation_path, open_records
from registry.retention import expendable, prune

ACTOR = "flow prune"


def prune_releases(settings: Settings, request: Prune) -> list[dict[str, Any]]:
    """What went, or would go: one row per release.

    Raises:
        Conflict: the running service still holds one of the indexes.
    """
    keep = request.keep or settings.registry.keep_releases
    with open_records(settings) as records:
        going = expendable(records.releases, keep)
        rows = [
            {
                "release": one.release.version,
                "index": one.release.index,
                "made": one.created.isoformat(timespec="seconds"),
                "gate": one.gate,
                "removed": not request.dry_run,
            }
            for one in going
        ]
        if not request.dry_run and going:
            _remove(records, keep, [one.release.index for one in going])
    return rows


def _remove(records: Records, keep: int, indexes: list[str]) -> None:
    settings = records.settings
    live = open_store(settings.index, settings.index_path)
    copies = open_store(settings.index, evaluation_path(settings))
    try:
        builds = _names(live, indexes) | _names(copies, indexes)
        prune(records.releases, live, records.audit, keep, ACTOR)
        for name in _names(copies, indexes):
            copies.drop(name)
        for name in builds.difference(live.names()):
            ledger(settings).remove(name)
    finally:
        copies.close()
        live.close()


def _names(store: VectorStore, indexes: list[str]) -> set[str]:
    return {name for index in indexes if (name := store.resolve(index)) is not None}


@task(name="remove releases", cache_policy=NO_CACHE)
def prune_task(settings: Settings, request: Prune) -> list[dict[str, Any]]:
    """Repeating it removes nothing more."""
    return prune_releases(settings, request)


@flow(name="prune")
def prune_flow(request: Prune) -> list[dict[str, Any]]:
    """Remove releases that no alias names, beyond the newest ones."""
    rows = prune_task(Settings(), request)
    words = "would go" if request.dry_run else "are gone"
    create_table_artifact(rows, key="pruned", description=f"{len(rows)} releases {words}")
    return rows
