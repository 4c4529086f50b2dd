"""Redis: entries end by themselves; one that is gone costs an operation, not an answer."""

import time

import pytest

from animevec.cache import shared
from animevec.cache.memory import Memory
from animevec.cache.shared import Shared
from animevec.cache.store import Store, namespace
from animevec.errors import InvalidRequest
from animevec.settings import CatalogSettings, EncoderSettings, Settings
from tests.cache.conftest import memory
from tests.redis_server import RedisServer


def test_every_key_has_an_end(redis: RedisServer) -> None:
    cache = Shared(redis.url, 60, 1.0, lambda: None)
    cache.put({"ends": b"value"})
    assert cache.claim("ends") and not cache.claim("ends")
    assert cache.get(["ends", "absent"]) == {"ends": b"value"}
    assert 0 < redis.client.pttl("ends") <= 60_000
    assert 0 < redis.client.pttl("ends:claim") <= 1_000
    cache.release("ends")
    assert cache.claim("ends")


def test_namespaces_and_names_do_not_see_each_other(redis: RedisServer) -> None:
    def store(name: str, space: str) -> Store:
        return Store(name, space, memory(), Shared(redis.url, 60, 1.0, lambda: None))

    store("result", "a").put({"key": b"value"})
    assert store("result", "a").get(["key"]) == {"key": b"value"}
    assert store("result", "b").get(["key"]) == {}
    assert store("embedding", "a").get(["key"]) == {}


def test_other_catalogues_and_numerics_have_other_namespaces() -> None:
    several = [
        Settings(),
        Settings(catalog=CatalogSettings(url="postgresql://somewhere/else")),
        Settings(encoders=EncoderSettings(dtype="int8")),
    ]
    assert len({namespace(settings) for settings in several}) == 3


def test_killed_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "RETRY_S", 0.2)
    errors: list[int] = []
    with RedisServer() as server:
        tier = Shared(server.url, 60, 0.5, lambda: errors.append(1))
        store = Store("test", "tests", Memory(1, 100, 60), tier)
        store.put({"before": b"1"})
        server.kill()
        started = time.monotonic()
        store.put({"while": b"2"})
        assert store.get(["before", "while"]) == {"while": b"2"}
        assert store.turn("before") is None
        assert len(errors) == 1 and time.monotonic() - started < 1
        server.start()
        time.sleep(0.25)
        store.put({"after": b"3"})
        assert tier.get(["animevec:tests:test:after"]) == {"animevec:tests:test:after": b"3"}


def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(InvalidRequest, match=r"cache\.url"):
        Shared("localhost:6379", 60, 1.0, lambda: None)
