"""Retention: which releases stay, and the removal of the others with their indexes."""

from animevec.index.base import VectorStore
from registry.audit import AuditLog, Pruned
from registry.releases import Registered, Releases


def expendable(releases: Releases, keep: int) -> list[Registered]:
    """Releases no alias names, beyond the ``keep`` newest others; newest first."""
    named = set(releases.aliases().values())
    free = [one for one in releases.list() if one.release.version not in named]
    return free[keep:]


def prune(
    releases: Releases, store: VectorStore, audit: AuditLog, keep: int, actor: str
) -> list[str]:
    """Remove expendable releases and their indexes; the versions removed.

    The index goes first: a release without one is refused, an index without a release is lost.
    An index that another release's alias means too stays.
    """
    removed = []
    for one in expendable(releases, keep):
        index = store.resolve(one.release.index)
        shared = any(
            store.resolve(other.release.index) == index
            for other in releases.list()
            if other.release.version != one.release.version
        )
        if index is not None and not shared:
            store.drop(index)
        releases.delete(one.release.version)
        audit.record(Pruned(actor=actor, version=one.release.version, index=index or ""))
        removed.append(one.release.version)
    return removed
