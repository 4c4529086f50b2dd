"""Catching an index up with the catalogue, from its watermark and by revision.

The watermark moves only after the points before it are flushed, so a crash anywhere repeats some
work and loses none; every step may be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import RLock
from uuid import UUID

from animevec.catalog.store import Catalog, Change
from animevec.errors import Conflict
from animevec.index.base import VectorStore
from animevec.index.embedding import Embedder, Skipped
from animevec.progress import Progress, silent

BATCH = 256
# Changes between two watermarks: what a crash may make the next run repeat.
STRIDE = 4_096


@dataclass(slots=True)
class SyncReport:
    """What a catch-up did; ``revision`` is the watermark reached."""

    revision: int
    upserted: int = 0
    deleted: int = 0
    repaired: int = 0
    skipped: list[Skipped] = field(default_factory=list)


class Synchroniser:
    """Keeps indexes of one release's encoders equal to the catalogue.

    An index of other encoders is refused: vectors of two would mix.
    Threads take turns: of two that interleaved, one could put back a version the other replaced.
    One process at a time should follow an index.
    """

    def __init__(self, catalog: Catalog, store: VectorStore, embedder: Embedder) -> None:
        self._catalog, self._store, self._embedder = catalog, store, embedder
        self._turn = RLock()

    def admit(self, name: str) -> None:
        """Refuse an index whose vectors these encoders did not make.

        Raises:
            Conflict: other encoders made it, or it does not say which.
        """
        made_by, ours = self._store.schema(name).encoders, self._embedder.version
        if made_by != ours:
            raise Conflict(
                f"index {name!r} is for {made_by or 'encoders it does not name'}; these encoders "
                f"are {ours}; build one for them: animevec index build",
                name=name,
            )

    def catch_up(self, name: str, progress: Progress = silent) -> SyncReport:
        """Apply every change after the watermark, deletions included.

        ``progress`` is told how many revisions are behind, and how many were ahead at the start.

        Raises:
            Conflict: as ``admit``.
        """
        with self._turn:
            return self._catch_up(name, progress)

    def _catch_up(self, name: str, progress: Progress) -> SyncReport:
        self.admit(name)
        report = SyncReport(revision=self._store.watermark(name))
        saved, after = 0, report.revision
        ahead = self._catalog.revision() - after
        while changes := self._catalog.changes(after, limit=BATCH):
            self._apply(name, changes, report)
            after = changes[-1].revision
            done = report.upserted + report.deleted
            gone = after - report.revision
            progress(gone, max(ahead, gone))
            if done - saved >= STRIDE:
                self._store.set_watermark(name, after)
                saved = done
        if after != report.revision:
            self._store.set_watermark(name, after)
        report.revision = after
        return report

    def reconcile(self, name: str, progress: Progress = silent) -> SyncReport:
        """Catch up, then compare ids with the catalogue and mend what differs.

        A torn write-ahead log loads without complaint up to its last whole record, so a process
        that opens an index calls this once.

        Raises:
            Conflict: as ``admit``.
        """
        with self._turn:
            return self._reconcile(name, progress)

    def _reconcile(self, name: str, progress: Progress) -> SyncReport:
        report = self.catch_up(name, progress)
        if self._store.count(name) == self._catalog.count():
            return report
        titles = {title.id for title in self._catalog.iterate()}
        points = {hit.id for hit in self._store.scroll(name)}
        self._upsert(name, sorted(titles - points), report)
        self._delete(name, sorted(points - titles), report)
        report.repaired = len(titles ^ points)
        self._store.set_watermark(name, report.revision)
        return report

    def _apply(self, name: str, changes: Sequence[Change], report: SyncReport) -> None:
        self._upsert(name, [one.id for one in changes if one.kind == "upsert"], report)
        self._delete(name, [one.id for one in changes if one.kind == "delete"], report)

    def _upsert(self, name: str, ids: Sequence[UUID], report: SyncReport) -> None:
        for start in range(0, len(ids), BATCH):
            # A title deleted since the change was listed is absent here; its deletion follows.
            titles = list(self._catalog.get_many(ids[start : start + BATCH]).values())
            points, skipped = self._embedder.points(titles)
            self._store.upsert(name, points)
            report.upserted += len(points)
            report.skipped.extend(skipped)

    def _delete(self, name: str, ids: Sequence[UUID], report: SyncReport) -> None:
        if ids:
            self._store.delete(name, ids)
            self._embedder.forget(ids)
            report.deleted += len(ids)
