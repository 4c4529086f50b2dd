"""What was read of titles, kept until they change."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Generic, TypeVar
from uuid import UUID

from cachetools import FIFOCache

V = TypeVar("V")


class Shelf(Generic[V]):
    """At most ``size`` values by title, the oldest dropped first; safe for many threads.

    A search reads hundreds: noting which was used last would cost more than it saves.
    """

    def __init__(self, size: int) -> None:
        self._held: FIFOCache[UUID, V] = FIFOCache(size)
        self._forgotten = 0
        self._guard = threading.Lock()

    def take(
        self, ids: Iterable[UUID], read: Callable[[list[UUID]], Mapping[UUID, V]]
    ) -> dict[UUID, V]:
        """The values of the ids that exist; ``read`` gets those that are not held."""
        found: dict[UUID, V] = {}
        missing: list[UUID] = []
        with self._guard:
            for id_ in ids:
                try:
                    found[id_] = self._held[id_]
                except KeyError:
                    missing.append(id_)
            forgotten = self._forgotten
        if missing:
            come = read(list(dict.fromkeys(missing)))
            with self._guard:
                if forgotten == self._forgotten:  # else what was read may be of before a change
                    self._held.update(come)
            found |= come
        return found

    def put(self, values: Mapping[UUID, V]) -> None:
        """Hold these."""
        with self._guard:
            self._held.update(values)

    def forget(self, ids: Iterable[UUID]) -> None:
        """Hold these no longer, nor what is being read at this moment."""
        with self._guard:
            self._forgotten += 1
            for id_ in ids:
                self._held.pop(id_, None)
