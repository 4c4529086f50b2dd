"""The cache in this process: bounded in entries, bytes and age."""

import time
from collections.abc import Callable
from threading import Lock

from cachetools import TTLCache


class Memory:
    """Bytes by key; the least recently used go first.  For any number of threads.

    Each value weighs its length, and at least ``bytes_ / entries``, so neither bound is passed.
    """

    def __init__(
        self, entries: int, bytes_: int, ttl_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        least = bytes_ / entries
        self._largest = bytes_
        self._values: TTLCache[str, bytes] = TTLCache(
            bytes_, ttl_s, clock, lambda value: max(least, len(value))
        )
        self._guard = Lock()

    def get(self, key: str) -> bytes | None:
        """The value, if it is there and not too old."""
        with self._guard:
            found: bytes | None = self._values.get(key)
            return found

    def put(self, key: str, value: bytes) -> None:
        """Keep a value; one larger than the whole cache is not kept."""
        if len(value) <= self._largest:
            with self._guard:
                self._values[key] = value

    def __len__(self) -> int:
        with self._guard:
            return len(self._values)
