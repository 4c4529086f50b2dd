"""Retention: which releases stay, and the removal of the others with what only they used."""

from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from animevec.errors import Conflict
from animevec.index.assembly import encoder_refs, ledger, vector_cache
from animevec.index.base import VectorStore
from animevec.index.build import LIVE
from animevec.index.build import Ledger as Builds
from animevec.index.stores import open_store
from animevec.index.vector_cache import VectorCache
from animevec.settings import Settings
from registry.audit import AuditLog, Pruned
from registry.releases import Registered, Releases


@dataclass(slots=True)
class Pruning:
    """What went, and what had to stay although it may go: version to the reason."""

    removed: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What releases have beside their records: indexes, copies to judge them by, the records of
    their builds, and cached vectors.
    """

    live: VectorStore
    copies: VectorStore
    builds: Builds
    vectors: VectorCache

    def drop(self, alias: str, others: Collection[str]) -> str:
        """Drop the copy and the index that an alias means, unless one of ``others`` means it too,
        or the settings do.

        Returns the name of the index, "" where none went.

        Raises:
            Conflict: another process holds one of them open.
        """
        self._drop(self.copies, alias, others)
        return self._drop(self.live, alias, [LIVE, *others])

    def _drop(self, store: VectorStore, alias: str, others: Collection[str]) -> str:
        name = store.resolve(alias)
        if name is None or any(store.resolve(other) == name for other in others):
            return ""
        store.drop(name)
        self._forget(name)
        return name

    def _forget(self, name: str) -> None:
        if name not in (*self.live.names(), *self.copies.names()):
            self.builds.remove(name)


def expendable(releases: Releases, keep: int) -> list[Registered]:
    """Releases no alias names, beyond the ``keep`` newest others; newest first."""
    named = set(releases.aliases().values())
    free = [one for one in releases.list() if one.release.version not in named]
    return free[keep:]


def prune(
    settings: Settings, releases: Releases, audit: AuditLog, keep: int, actor: str
) -> Pruning:
    """Remove expendable releases with their indexes, copies, records of builds and the vectors of
    encoder versions that neither another release nor the settings name.  The settings' own index
    stays: it is what is served where there is no champion.

    The indexes go first: a release without one is refused, an index without a release is lost.
    A release whose index somebody holds open keeps it, and the others go on.
    """
    done, going = Pruning(), expendable(releases, keep)
    if not going:
        return done
    own = encoder_refs(settings)
    with _holdings(settings) as holdings:
        for one in going:
            version = one.release.version
            others = [o.release.index for o in releases.list() if o.release.version != version]
            try:
                index = holdings.drop(one.release.index, others)
            except Conflict as error:
                done.kept[version] = error.message
                continue
            releases.delete(version)
            audit.record(Pruned(actor=actor, version=version, index=index))
            done.removed.append(version)
        left = [ref for one in releases.list() for ref in (one.release.text, one.release.picture)]
        holdings.vectors.keep_versions({ref.version for ref in (*left, *own) if ref is not None})
    return done


@contextmanager
def _holdings(settings: Settings) -> Iterator[Holdings]:
    with (
        closing(open_store(settings.index, settings.index_path)) as live,
        closing(open_store(settings.index, settings.evaluation_path)) as copies,
        closing(vector_cache(settings)) as vectors,
    ):
        yield Holdings(live, copies, ledger(settings), vectors)
