"""Keys of answers, and answers made once across threads and processes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import BaseModel

from animevec.cache.results import ResultCache, request_key
from animevec.errors import NotFound
from animevec.release import EncoderRef, Release
from animevec.search.request import MultimodalSearch, PictureSearch, SimilarSearch, TextSearch
from animevec.settings import SearchSettings
from tests.cache.conftest import store
from tests.redis_server import RedisServer

REF = EncoderRef(card="minilm", revision="1", dimensions=384)
RELEASE = Release(version="1", text=REF, picture=REF, index="live")


def key(asked: BaseModel, revision: int = 1, release: Release = RELEASE) -> str:
    return request_key(release, revision, asked)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"query": "space jazz"}, {"query": "  space \n\t jazz "}),
        ({"query": "Pok\u00e9mon"}, {"query": "Poke\u0301mon"}),
        ({"query": "x"}, {"query": "x", "limit": 10, "explain": False}),
        ({"query": "x", "weights": {"text": 1, "title": 2}},
         {"query": "x", "weights": {"title": 2.0, "text": 1.0}}),
        ({"query": "x", "filters": {"year": 2000, "type": "TV"}},
         {"query": "x", "filters": {"type": "TV", "year": 2000}}),
        ({"query": "x", "understand": ["titles", "filters"]},
         {"query": "x", "understand": ["filters", "titles"]}),
    ],
)  # fmt: skip
def test_what_means_the_same_has_one_key(one: dict[str, object], other: dict[str, object]) -> None:
    searches = [TextSearch.model_validate(body) for body in (one, other)]
    assert key(searches[0]) == key(searches[1])


def test_what_differs_has_keys_of_its_own() -> None:
    asked: list[BaseModel] = [
        TextSearch(query="x"),
        TextSearch(query="X"),
        TextSearch(query="x", limit=11),
        TextSearch(query="x", offset=10),
        TextSearch(query="x", understand=frozenset()),
        TextSearch(query="x", filters={"year": 2000}),
        TextSearch(query="x", score_threshold=0.25),
        TextSearch(query="x", score_threshold=0.5),
        MultimodalSearch(query="x"),
        MultimodalSearch(query="x", picture=b"x"),
        MultimodalSearch(query="x", picture=b"y"),
        PictureSearch(picture=b"x"),
        SimilarSearch(positive=("mal:1",)),
        SimilarSearch(positive=("mal:1",), mode="visual"),
        SimilarSearch(positive=("mal:1", "mal:5")),
        SimilarSearch(positive=("mal:1",), negative=("mal:5",)),
    ]
    keys = {key(one) for one in asked}
    keys |= {key(asked[0], revision=2)}
    keys |= {key(asked[0], release=RELEASE.model_copy(update={"version": "2"}))}
    tuned = RELEASE.model_copy(update={"ranking": SearchSettings(rrf_k=30)})
    keys |= {key(asked[0], release=tuned)}
    assert len(keys) == len(asked) + 3


def test_an_answer_is_made_once_and_counted() -> None:
    counted: list[bool] = []
    cache = ResultCache(store(), counted.append)
    assert cache.near("key") is None
    assert cache.answer("key", lambda: (b"made", True)) == (b"made", False)
    assert cache.near("key") == b"made"
    assert cache.answer("key", lambda: (b"again", True)) == (b"made", True)
    assert counted == [False, True, True]


def test_what_may_not_be_kept_and_errors_are_not() -> None:
    cache = ResultCache(store(), lambda hit: None)

    def fail() -> tuple[bytes, bool]:
        raise NotFound("no such title")

    with pytest.raises(NotFound):
        cache.answer("key", fail)
    assert cache.answer("key", lambda: (b"passing", False)) == (b"passing", False)
    assert cache.answer("key", lambda: (b"kept", True)) == (b"kept", False)


def test_two_processes_make_one_answer(redis: RedisServer) -> None:
    caches = [ResultCache(store(redis), lambda hit: None) for _ in range(2)]
    barrier, calls = threading.Barrier(2), list[int]()

    def ask(number: int) -> tuple[bytes, bool]:
        def make() -> tuple[bytes, bool]:
            calls.append(number)
            time.sleep(0.2)
            return b"made", True

        barrier.wait()
        return caches[number].answer("two processes", make)

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(ask, range(2)))
    assert found == [(b"made", False), (b"made", True)]
    assert len(calls) == 1


def test_a_maker_that_failed_lets_the_next_one_at_once(redis: RedisServer) -> None:
    first, second = (ResultCache(store(redis), lambda hit: None) for _ in range(2))

    def fail() -> tuple[bytes, bool]:
        raise NotFound("no such title")

    with pytest.raises(NotFound):
        first.answer("failed", fail)
    started = time.monotonic()
    assert second.answer("failed", lambda: (b"made", True)) == (b"made", False)
    assert time.monotonic() - started < 0.5
