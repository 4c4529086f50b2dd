"""Building an index beside the live one and swapping it in once it has proved itself.

A build is a catch-up from revision 0 of an index nobody reads yet.  Its only own state is a
line in the ledger that says whether it is finished; the index itself and the vector cache carry
the rest, so a build that was killed goes on where it stopped.
"""

import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from animevec.errors import Conflict, Unavailable
from animevec.index.base import IndexSchema, Query, VectorStore
from animevec.index.document import TEXT
from animevec.index.embedding import Embedder, Skipped
from animevec.index.pointer import read_json, replace_json
from animevec.index.sync import Synchroniser, SyncReport
from animevec.progress import Progress, silent

LIVE = "live"
PROBES = 20


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build made."""

    name: str
    points: int
    revision: int
    seconds: float
    resumed: bool
    skipped: list[Skipped]


class Ledger:
    """Whether each index that was built here is finished: one small file per index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def unfinished(self, name: str) -> bool:
        """Whether the index is under construction; nobody else may open it then."""
        found = read_json(self._path(name))
        return found is not None and not found["finished"]

    def write(self, name: str, finished: bool) -> None:
        """Record a build."""
        self._folder.mkdir(parents=True, exist_ok=True)
        replace_json(self._path(name), {"finished": finished})

    def remove(self, name: str) -> None:
        """Forget an index."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


class Builder:
    """Builds, follows up and drops indexes of one release's encoders."""

    def __init__(
        self,
        store: VectorStore,
        synchroniser: Synchroniser,
        embedder: Embedder,
        ledger: Ledger,
    ) -> None:
        self._store, self._synchroniser = store, synchroniser
        self._embedder, self._ledger = embedder, ledger

    def build(
        self, name: str, alias: str | None = LIVE, progress: Progress = silent
    ) -> BuildReport:
        """Build ``name`` from the whole catalogue and let ``alias`` mean it.

        The index that ``alias`` meant before stays, for a rollback.

        Raises:
            Conflict: an index of that name is finished, or begun for other encoders.
            Unavailable: the finished index does not hold what it should; the alias is unmoved.
        """
        started = time.monotonic()
        resumed = self._open(name, self._embedder.schema)
        report = self._synchroniser.catch_up(name, progress)
        self._store.optimize(name)
        # Titles that changed while the index was optimised; few, so they need no second pass.
        late = self._synchroniser.reconcile(name)
        self._verify(name)
        points = self._store.count(name)
        self._ledger.write(name, finished=True)
        # Whoever serves the alias, perhaps another process, opens the index once it moves.
        self._store.let_go(name)
        if alias is not None:
            self._store.switch(alias, name)
        return BuildReport(
            name=name,
            points=points,
            revision=late.revision,
            seconds=time.monotonic() - started,
            resumed=resumed,
            skipped=[*report.skipped, *late.skipped],
        )

    def sync(self, name: str, progress: Progress = silent) -> SyncReport:
        """Catch a finished index up with the catalogue and mend it.

        Raises:
            Conflict: the index is for other encoders, or not finished.
        """
        target = self._store.resolve(name) or name
        if self._ledger.unfinished(target):
            raise Conflict(
                f"index {target!r} is not finished; go on: animevec index build --name {target}",
                name=target,
            )
        return self._synchroniser.reconcile(target, progress)

    def _open(self, name: str, schema: IndexSchema) -> bool:
        exists = name in self._store.names()
        if exists and not self._ledger.unfinished(name):
            raise Conflict(f"index {name!r} is finished; drop it or choose another name", name=name)
        if exists:
            self._synchroniser.admit(name)
        self._ledger.write(name, finished=False)
        if exists and self._store.schema(name) != schema:
            # A server indexes the fields one by one: this creation was cut short, and is empty.
            self._store.drop(name)
            exists = False
        if not exists:
            self._store.create(name, schema)
        return exists

    def _verify(self, name: str) -> None:
        """The first titles, whose ids are random, find themselves by their own vectors."""
        points = islice(self._store.scroll(name, with_vectors=(TEXT,)), PROBES)
        for hit in points:
            vector = hit.vectors.get(TEXT)
            if vector is None:
                continue
            [found] = self._store.query_batch(name, [Query(vector, TEXT, limit=PROBES)])
            best = {one.id for one in found if one.score >= found[0].score - 1e-4}
            if hit.id not in best and len(best) < PROBES:
                raise Unavailable(
                    f"index {name!r} is broken: title {hit.id} does not find itself; "
                    "drop it and build again",
                    name=name,
                )
