"""Retention: which releases stay, and the removal of the others with their indexes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from animevec.errors import Conflict
from animevec.index.base import VectorStore
from registry.audit import AuditLog, Pruned
from registry.releases import Registered, Releases


@dataclass(slots=True)
class Pruning:
    """What went, and what had to stay although it may go: version to the reason."""

    removed: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


def expendable(releases: Releases, keep: int) -> list[Registered]:
    """Releases no alias names, beyond the ``keep`` newest others; newest first."""
    named = set(releases.aliases().values())
    free = [one for one in releases.list() if one.release.version not in named]
    return free[keep:]


def prune(
    releases: Releases, stores: Sequence[VectorStore], audit: AuditLog, keep: int, actor: str
) -> Pruning:
    """Remove expendable releases and their indexes from every store; the served one is the last.

    The indexes go first: a release without one is refused, an index without a release is lost.
    One that another release's alias means too stays.  A release whose index somebody holds open
    keeps the one that is served, and the others go on.
    """
    done = Pruning()
    for one in expendable(releases, keep):
        version = one.release.version
        others = [o.release.index for o in releases.list() if o.release.version != version]
        try:
            dropped = [_drop(store, one.release.index, others) for store in stores]
        except Conflict as error:
            done.kept[version] = error.message
            continue
        releases.delete(version)
        audit.record(Pruned(actor=actor, version=version, index=dropped[-1]))
        done.removed.append(version)
    return done


def _drop(store: VectorStore, alias: str, others: Sequence[str]) -> str:
    """Drop what an alias means unless another alias means it too; its name, "" for none."""
    index = store.resolve(alias)
    if index is not None and all(store.resolve(other) != index for other in others):
        store.drop(index)
    return index or ""
