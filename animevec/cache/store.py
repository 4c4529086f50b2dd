"""Two tiers as one: memory first, Redis behind it."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence

from animevec import __version__
from animevec.cache.memory import Memory
from animevec.cache.shared import CLAIM_S, Shared
from animevec.settings import Settings

POLL_S = 0.01


class Store:
    """Bytes by key.  ``name`` and ``namespace`` keep apart what shares one Redis."""

    def __init__(self, name: str, namespace: str, memory: Memory, shared: Shared | None) -> None:
        self._prefix = f"animevec:{namespace}:{name}:"
        self._memory, self._shared = memory, shared

    @classmethod
    def of(cls, name: str, settings: Settings, failed: Callable[[], None]) -> "Store":
        """The store the settings ask for; ``failed`` is called when Redis does not answer."""
        chosen = settings.cache
        memory = Memory(chosen.entries, chosen.memory_mb * 1_000_000, chosen.ttl_s)
        shared = None
        if chosen.url:
            shared = Shared(chosen.url, chosen.ttl_s, chosen.timeout_s, failed)
        return cls(name, namespace(settings), memory, shared)

    def near(self, key: str) -> bytes | None:
        """The value, if this process has it; never waits."""
        return self._memory.get(key)

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values that either tier has."""
        near = {key: self._memory.get(key) for key in keys}
        found = {key: value for key, value in near.items() if value is not None}
        missing = [key for key in near if key not in found]
        if missing and self._shared is not None:
            start = len(self._prefix)
            far = self._shared.get([self._prefix + key for key in missing])
            for key, value in far.items():
                self._memory.put(key[start:], value)
                found[key[start:]] = value
        return found

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keep values in both tiers."""
        for key, value in values.items():
            self._memory.put(key, value)
        if self._shared is not None and values:
            self._shared.put({self._prefix + key: value for key, value in values.items()})

    def turn(self, key: str) -> bytes | None:
        """Wait until no other process makes this value: theirs, None if the caller is to make it.

        Follow it with ``done`` in any case.
        """
        if self._shared is None:
            return None
        deadline = time.monotonic() + CLAIM_S
        while not self._shared.claim(self._prefix + key) and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return self.get([key]).get(key)

    def done(self, key: str) -> None:
        """The caller's turn is over, whether it kept a value or not."""
        if self._shared is not None:
            self._shared.release(self._prefix + key)

    def close(self) -> None:
        """Let go of Redis."""
        if self._shared is not None:
            self._shared.close()


def namespace(settings: Settings) -> str:
    """What makes two processes' answers interchangeable: code, catalogue, index and numerics."""
    index, encoders = settings.index, settings.encoders
    where = index.url if index.engine == "server" else str(settings.index_path.resolve())
    parts = (__version__, settings.catalog_url, where, encoders.device, encoders.dtype)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
