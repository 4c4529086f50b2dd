"""Flow ``prune``: old releases go, with what only they used."""

from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE

from animevec.settings import Settings
from flows.parameters import Prune
from flows.workshop import open_records
from registry.retention import Pruning, expendable, prune

ACTOR = "flow prune"


def prune_releases(settings: Settings, request: Prune) -> list[dict[str, Any]]:
    """What went, or would go: one row per release; ``kept`` says why one had to stay."""
    keep = request.keep or settings.registry.keep_releases
    with open_records(settings) as records:
        going = expendable(records.releases, keep)
        done = Pruning()
        if not request.dry_run:
            done = prune(settings, records.releases, records.audit, keep, ACTOR)
    return [
        {
            "release": one.release.version,
            "index": one.release.index,
            "made": one.created.isoformat(timespec="seconds"),
            "gate": one.gate,
            "removed": one.release.version in done.removed,
            "kept": done.kept.get(one.release.version, ""),
        }
        for one in going
    ]


@task(name="remove releases", cache_policy=NO_CACHE)
def prune_task(settings: Settings, request: Prune) -> list[dict[str, Any]]:
    """Repeating it removes nothing more."""
    return prune_releases(settings, request)


@flow(name="prune")
def prune_flow(request: Prune) -> list[dict[str, Any]]:
    """Remove releases that no alias names, beyond the newest ones."""
    rows = prune_task(Settings(), request)
    create_table_artifact(rows, key="pruned", description=_summary(request, rows))
    return rows


def _summary(request: Prune, rows: list[dict[str, Any]]) -> str:
    if request.dry_run:
        return f"{len(rows)} releases would go"
    removed = sum(row["removed"] for row in rows)
    held = f"; {len(rows) - removed} had to stay, `kept` says why" if removed < len(rows) else ""
    return f"{removed} releases are gone{held}"
