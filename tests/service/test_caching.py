"""Cached answers are the uncached ones, however titles come and go meanwhile."""

import math
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime
from animevec.catalog.store import Catalog
from animevec.settings import CacheSettings, Settings
from bentos.app import create_app
from tests.redis_server import RedisServer
from tests.service.conftest import await_ready, settings_at

UPSERT = "/api/v1/admin/vectors/upsert"
FRESH = {"Cache-Control": "no-cache"}
NUMBERS = st.integers(0, 2)
SEARCHES: list[tuple[str, dict[str, Any]]] = [
    ("/api/v1/search", {"query": "wombats who keep a lighthouse"}),
    ("/api/v1/search", {"query": "wombats who keep a lighthouse", "offset": 1, "explain": True}),
    ("/api/v1/search", {"query": "Wombat Lighthouse 1 edition 2"}),
    ("/api/v1/search", {"query": "lighthouse", "filters": {"year": {"gte": 2001}}, "limit": 3}),
    ("/api/v1/search", {"query": "like Wombat Lighthouse 0", "fold_franchise": True}),
    ("/api/v1/similarity/batch", {"searches": [{"positive": ["mal:2747"], "limit": 40}]}),
    ("/api/v1/similarity/batch", {"searches": [{"positive": ["animevec:wombat-1"]}]}),
]


def title(number: int, edition: int) -> dict[str, Any]:
    name = f"Wombat Lighthouse {number} edition {edition}"
    return {
        "keys": {"animevec": f"wombat-{number}"},
        "titles": [{"text": name, "language": "en", "kind": "main"}],
        "synopsis": f"Wombats keep lighthouse number {number}. Edition {edition} adds a ghost.",
        "genres": ["Comedy"],
        "type": "TV",
        "year": 2000 + edition,
    }


def record(number: int, edition: int) -> Anime:
    id = anime_id({"animevec": f"wombat-{number}"})
    return Anime.model_validate({"id": id, **title(number, edition)})


VOLATILE = {"timings_ms", "request_id"}


def difference(one: Any, other: Any, where: str = "answer") -> str | None:
    """Where two answers differ, times and the last digits of scores aside.

    An index that tidies itself up in the background may move a score by a rounding error.
    """
    if isinstance(one, float) and isinstance(other, float):
        return None if math.isclose(one, other, abs_tol=1e-4) else f"{where}: {one} {other}"
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(key, one[key], other[key]) for key in one if key not in VOLATILE]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(str(place), *pair) for place, pair in enumerate(zip(one, other, strict=True))]
    else:
        return None if one == other else f"{where}: {one} {other}"
    found = (difference(left, right, f"{where}.{key}") for key, left, right in pairs)
    return next((text for text in found if text), None)


def metric(app: TestClient, name: str) -> float:
    found = re.search(rf"^animevec_{re.escape(name)} (\S+)$", app.get("/metrics").text, re.M)
    return float(found[1]) if found else 0.0


class Comings(RuleBasedStateMachine):
    """Titles are written and deleted, here and by another process; searches go on."""

    def __init__(self, app: TestClient, admin: dict[str, str], other: Catalog) -> None:
        super().__init__()
        self.app, self.admin, self.other = app, admin, other
        self._followed()

    @rule(number=NUMBERS, edition=NUMBERS)
    def upsert(self, number: int, edition: int) -> None:
        body = {"items": [title(number, edition)]}
        assert self.app.post(UPSERT, json=body, headers=self.admin).json()["failed"] == 0

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        path = f"/api/v1/admin/vectors/animevec:wombat-{number}"
        assert self.app.delete(path, headers=self.admin).status_code in (200, 404)

    @rule(number=NUMBERS, edition=NUMBERS, gone=st.booleans())
    def elsewhere(self, number: int, edition: int, gone: bool) -> None:
        one = record(number, edition)
        if gone:
            self.other.delete([one.id], actor="other", reason="test")
        else:
            self.other.put([one], actor="other")
        self._followed()

    @rule(search=st.sampled_from(SEARCHES))
    def ask(self, search: tuple[str, dict[str, Any]]) -> None:
        path, body = search
        cached = [self.app.post(path, json=body) for _ in range(2)]
        fresh = self.app.post(path, json=body, headers=FRESH)
        assert "x-cache" not in fresh.headers
        for answer in cached:
            assert answer.status_code == fresh.status_code
            assert difference(answer.json(), fresh.json()) is None

    def teardown(self) -> None:
        ids = [record(number, 0).id for number in range(3)]
        self.other.delete(ids, actor="other", reason="end of an example")
        self._followed()

    def _followed(self) -> None:
        revision = self.other.revision()
        base = self.app.app.state.service.assembly
        for _ in range(500):
            if min(base.engine.revision, base.store.watermark(base.live)) >= revision:
                return
            time.sleep(0.02)
        raise AssertionError("the service does not follow the catalogue")


def test_no_answer_is_stale(app: TestClient, admin: dict[str, str], settings: Settings) -> None:
    hits = metric(app, 'cache_hits{cache="result"}')
    with Catalog.open(settings.catalog_url) as other:
        run_state_machine_as_test(lambda: Comings(app, admin, other), settings=STATEFUL)
    assert metric(app, 'cache_hits{cache="result"}') - hits > 5


STATEFUL = settings(
    max_examples=8,
    stateful_step_count=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_an_acknowledged_write_is_seen_while_others_ask_the_same(
    app: TestClient, admin: dict[str, str]
) -> None:
    body, stop = {"query": "Numbat Observatory", "limit": 3}, threading.Event()

    def titles() -> list[str]:
        hits = app.post("/api/v1/search", json=body).json()["hits"]
        return [hit["record"]["title"] for hit in hits]

    def crowd() -> int:
        asked = 0
        while not stop.is_set():
            titles()
            asked += 1
        return asked

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(crowd) for _ in range(4)]
        try:
            for edition in range(10):
                name = f"Numbat Observatory {edition}"
                item = {
                    "keys": {"animevec": "numbat"},
                    "titles": [{"text": name, "language": "en", "kind": "main"}],
                    "type": "TV",
                }
                app.post(UPSERT, json={"items": [item]}, headers=admin).raise_for_status()
                assert titles()[0] == name
            app.delete("/api/v1/admin/vectors/animevec:numbat", headers=admin).raise_for_status()
            assert not any("Numbat" in found for found in titles())
        finally:
            stop.set()
    assert sum(one.result() for one in asking) > 10


def test_twenty_who_ask_the_same_at_once_cost_one_encode(app: TestClient) -> None:
    body, barrier = {"query": "an echidna composes fugues in the attic"}, threading.Barrier(20)
    before = metric(app, 'batch_items_sum{encoder="text"}')

    def ask(_: int) -> tuple[str, Any]:
        barrier.wait()
        answer = app.post("/api/v1/search", json=body)
        return answer.headers["x-cache"], answer.json()["hits"]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(20)))
    assert metric(app, 'batch_items_sum{encoder="text"}') - before == 1
    assert sorted(cache for cache, _ in answers) == ["hit"] * 19 + ["miss"]
    assert all(hits == answers[0][1] for _, hits in answers)


def test_the_query_vector_serves_every_page(app: TestClient) -> None:
    body = {"query": "a bilby delivers letters by moonlight"}
    app.post("/api/v1/search", json=body)
    before = metric(app, 'batch_items_sum{encoder="text"}')
    second = app.post("/api/v1/search", json={**body, "offset": 10})
    assert second.headers["x-cache"] == "miss"
    assert metric(app, 'batch_items_sum{encoder="text"}') == before


def test_errors_are_not_cached(app: TestClient) -> None:
    searches = {"searches": [{"positive": ["mal:999999999"]}, {"positive": ["mal:2747"]}]}
    for _ in range(2):
        answer = app.post("/api/v1/similarity/batch", json=searches)
        assert answer.headers["x-cache"] == "miss"
        assert answer.json()["results"][0]["error"]["code"] == "not_found"
        wrong = app.post("/api/v1/search", json={"query": "x", "filters": {"colour": "red"}})
        assert wrong.status_code == 422 and "x-cache" not in wrong.headers


def test_two_kinds_of_request_with_one_reference_do_not_mix(app: TestClient) -> None:
    for _ in range(2):
        one = app.get("/api/v1/similarity/anime/mal:2747")
        many = app.post("/api/v1/similarity/batch", json={"searches": [{"positive": ["mal:2747"]}]})
        assert "hits" in one.json() and "results" in many.json()
    assert one.headers["x-cache"] == many.headers["x-cache"] == "hit"


@contextmanager
def running(home: Path, cache: CacheSettings) -> Iterator[TestClient]:
    chosen = settings_at(home).model_copy(update={"cache": cache})
    with TestClient(create_app(chosen), raise_server_exceptions=False) as client:
        await_ready(client)
        yield client


def test_off_is_off(home: Path) -> None:
    with running(home, CacheSettings(enabled=False)) as client:
        for _ in range(2):
            assert "x-cache" not in client.post("/api/v1/search", json={"query": "robots"}).headers


def test_redis_outlives_the_service_and_the_service_outlives_redis(home: Path) -> None:
    body = {"query": "a robot boy fights for justice"}
    with RedisServer() as redis:
        cache = CacheSettings(url=redis.url)
        with running(home, cache) as client:
            first = client.post("/api/v1/search", json=body)
            assert first.headers["x-cache"] == "miss"
        with running(home, cache) as client:
            again = client.post("/api/v1/search", json=body)
            assert again.headers["x-cache"] == "hit" and again.content == first.content
            redis.kill()
            started = time.monotonic()
            for number in range(10):
                asked = {"query": f"a robot boy fights for justice {number}"}
                assert client.post("/api/v1/search", json=asked).status_code == 200
            assert time.monotonic() - started < 5
            assert metric(client, 'cache_errors_total{cache="result"}') >= 1
