"""A thread that keeps live indexes at the catalogue's revision."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from animevec.catalog.store import Catalog
from animevec.index.base import VectorStore
from animevec.index.sync import Synchroniser

LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class FollowerStatus:
    """How far following has come; ``error`` is why the last round failed, None if it did not.

    ``behind`` is the number of revisions the slowest index lacks, ``synced_at`` the time (Unix
    seconds) of the last round without a failure.
    """

    running: bool = False
    revision: int = 0
    watermarks: dict[str, int] = field(default_factory=dict)
    rounds: int = 0
    failures: int = 0
    error: str | None = None
    synced_at: float | None = None

    @property
    def behind(self) -> int:
        # An index may be ahead of the revision last seen: a write reaches both at their own time.
        return max(0, self.revision - min(self.watermarks.values(), default=self.revision))


Followed = Callable[[], Sequence[tuple[str, Synchroniser]]]


class Follower:
    """Polls the catalogue's revision and catches up every index that ``followed`` names.

    ``followed`` is asked in every round, so a promoted release is followed from the next one on;
    it pairs each index with the synchroniser of its own release's encoders.  A failed round is
    told by ``status`` and tried again after a pause that doubles up to a minute.
    """

    def __init__(
        self, catalog: Catalog, store: VectorStore, followed: Followed, seconds: float
    ) -> None:
        self._catalog, self._store, self._followed = catalog, store, followed
        self._seconds = seconds
        self._stop = threading.Event()
        self._reconciled: set[str] = set()
        self._status = FollowerStatus()
        self._thread: threading.Thread | None = None

    @property
    def status(self) -> FollowerStatus:
        """The state as of the last round."""
        return self._status

    def start(self) -> None:
        """Begin following in a thread of its own."""
        self._stop.clear()
        self._status = replace(self._status, running=True)
        self._thread = threading.Thread(target=self._loop, name="index-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the round that runs, then end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._status = replace(self._status, running=False)

    def round(self) -> None:
        """Catch every followed index up once; the first time an index is also reconciled."""
        revision = self._catalog.revision()
        watermarks: dict[str, int] = {}
        for name, synchroniser in self._followed():
            watermarks[name] = self._follow(name, synchroniser, revision)
        self._status = replace(self._status, revision=revision, watermarks=watermarks)

    def _follow(self, name: str, synchroniser: Synchroniser, revision: int) -> int:
        if name not in self._reconciled:
            reached = synchroniser.reconcile(name).revision
            self._reconciled.add(name)
        elif (reached := self._store.watermark(name)) < revision:
            reached = synchroniser.catch_up(name).revision
        self._store.maintain(name)
        return reached

    def _loop(self) -> None:
        pause = self._seconds
        while not self._stop.is_set():
            error = _attempt(self.round)
            pause = self._seconds if error is None else min(pause * 2, LONGEST_PAUSE_S)
            self._tell(error)
            self._stop.wait(pause)

    def _tell(self, error: BaseException | None) -> None:
        status = replace(self._status, rounds=self._status.rounds + 1)
        if error is None:
            self._status = replace(status, error=None, synced_at=time.time())
        else:
            words = f"{type(error).__name__}: {error}"
            self._status = replace(status, error=words, failures=status.failures + 1)


def _attempt(work: Callable[[], None]) -> BaseException | None:
    """What ``work`` raised, whatever it was: a thread that dies of it would tell nobody."""
    with ThreadPoolExecutor(1, thread_name_prefix="index-follower-round") as pool:
        return pool.submit(work).exception()
