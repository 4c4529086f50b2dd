"""The cache that several processes share: Redis.  Without it there is less caching, no error."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from animevec.errors import InvalidRequest

RETRY_S = 5.0
CLAIM_S = 1.0
T = TypeVar("T")
_log = structlog.get_logger("cache")


class Shared:
    """Bytes by key in Redis.  An operation takes at most ``timeout_s``.

    After one that failed, ``failed`` is called and Redis is left alone for 5 s: reads find
    nothing, writes do nothing, claims are granted.

    Raises:
        InvalidRequest: ``url`` is no address of a Redis server.
    """

    def __init__(
        self, url: str, ttl_s: float, timeout_s: float, failed: Callable[[], None]
    ) -> None:
        try:
            self._client = redis.Redis.from_url(
                url,
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 0),
            )
        except ValueError as error:
            raise InvalidRequest(f"cache.url is no Redis address: {error}") from error
        self._ttl_ms = max(1, int(ttl_s * 1000))
        self._failed = failed
        self._down_until = 0.0

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values that are there."""
        none: list[bytes | None] = []
        found = self._ask(lambda: self._client.mget(keys), none)
        return {key: value for key, value in zip(keys, found, strict=False) if value is not None}

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keep values for their time."""

        def write() -> None:
            with self._client.pipeline(transaction=False) as pipeline:
                for key, value in values.items():
                    pipeline.set(key, value, px=self._ttl_ms)
                pipeline.execute()

        self._ask(write, None)

    def claim(self, key: str) -> bool:
        """Whether the caller is the one to make this value; for a second at most."""
        lock = _lock(key)
        taken = self._ask(lambda: self._client.set(lock, b"1", nx=True, px=int(CLAIM_S * 1e3)), 1)
        return bool(taken)

    def release(self, key: str) -> None:
        """Give a claim back."""
        self._ask(lambda: self._client.delete(_lock(key)), None)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, operation: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._down_until:
            return otherwise
        try:
            return operation()
        except redis.RedisError as error:
            self._down_until = time.monotonic() + RETRY_S
            self._failed()
            _log.warning("redis does not answer", error=str(error), retry_s=RETRY_S)
            return otherwise


def _lock(key: str) -> str:
    return f"{key}:claim"
