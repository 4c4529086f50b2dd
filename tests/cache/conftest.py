"""Stores for the tests: in memory, and over a real Redis."""

from collections.abc import Iterator

import pytest

from animevec.cache.memory import Memory
from animevec.cache.shared import Shared
from animevec.cache.store import Store
from tests.redis_server import RedisServer


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A real server, shared by the module's tests."""
    with RedisServer() as server:
        yield server


def memory(entries: int = 100, bytes_: int = 1_000_000) -> Memory:
    return Memory(entries, bytes_, ttl_s=60)


def store(server: RedisServer | None = None, name: str = "test") -> Store:
    """A store with a memory of its own; those over one server share what is in it."""
    shared = None if server is None else Shared(server.url, 60, 1.0, lambda: None)
    return Store(name, "tests", memory(), shared)
