"""Pages: whatever their size, one after the other they are one list, and no title comes twice."""

from collections.abc import Callable
from typing import Any

import pytest

from animevec.search.engine import SearchEngine
from animevec.search.request import MultimodalSearch, PictureSearch, SimilarSearch, TextSearch
from animevec.search.response import SearchResult
from tests.search.conftest import World

DEEP = 300
SIZES = (7, 10, 50)
Page = Callable[..., SearchResult]


def text(world: World, **asked: Any) -> Page:
    return lambda **page: world.engine.text(TextSearch(**asked, **page))


def picture(world: World, **asked: Any) -> Page:
    sent = world.picture(world.named("Akage no Anne"))
    return lambda **page: world.engine.picture(PictureSearch(picture=sent, **asked, **page))


def multimodal(world: World, **asked: Any) -> Page:
    sent = world.picture(world.named("Akage no Anne"))
    return lambda **page: world.engine.multimodal(MultimodalSearch(picture=sent, **asked, **page))


@pytest.fixture(scope="module")
def ahead(world: World) -> SearchEngine:
    return world.engine_ahead()


def joined(ask: Page, size: int, end: int = DEEP) -> list[tuple[Any, float]]:
    """The hits of pages of one size, as many as there are up to ``end``."""
    pages = [ask(limit=size, offset=at).hits for at in range(0, end, size)]
    return [(hit.id, hit.score) for hits in pages for hit in hits][:end]


def check(ask: Page) -> None:
    whole = joined(ask, 100)
    assert len(whole) > 10
    assert len({id_ for id_, _ in whole}) == len(whole)
    for size in SIZES:
        assert joined(ask, size) == whole


WORDS = {"query": "robots in space"}


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (text, WORDS),
        *[(text, {**WORDS, "ranker": name}) for name in ("fusion", "mmr", "popularity", "dense")],
        (text, {**WORDS, "spoilers": "avoid"}),
        (text, {**WORDS, "spoilers": "avoid", "ranker": "fusion", "nsfw": "demote"}),
        (text, {**WORDS, "fold_franchise": True}),
        (text, {**WORDS, "filters": {"type": "TV"}}),
        (text, {"query": "like Naruto but lighter"}),
        (text, {**WORDS, "score_threshold": 0.1}),
        (picture, {}),
        (picture, {"ranker": "fusion", "nsfw": "include"}),
        (multimodal, {**WORDS, "ranker": "fusion"}),
    ],
)
def test_pages_are_one_list(world: World, kind: Callable[..., Page], asked: Any) -> None:
    check(kind(world, **asked))


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"filters": {"type": "TV"}},
        {"strategy": "best_score", "metric": "euclid"},
        {"mode": "vector", "vectors": {"text": 1.0}, "spoilers": "avoid"},
        {"nsfw": "demote", "spoilers": "avoid"},
        {"fold_franchise": True},
        {"score_threshold": 0.02},
    ],
)
@pytest.mark.parametrize("swept", [True, False])
def test_pages_of_likeness_are_one_list(
    world: World, ahead: SearchEngine, asked: Any, swept: bool
) -> None:
    engine = ahead if swept else world.engine
    check(lambda **page: engine.similar(SimilarSearch(positive=("mal:1",), **asked, **page)))


def test_a_deeper_page_is_no_better_than_those_before(world: World) -> None:
    scores = [score for _, score in joined(text(world, **WORDS, ranker="fusion"), 100, 500)]
    assert scores == sorted(scores, reverse=True)


def test_there_is_an_end(world: World) -> None:
    ask = text(world, query="cowboy", ranker="lexical", nsfw="include")
    found = joined(ask, 100, 1000)
    assert 0 < len(found) < 1000
    assert not ask(limit=10, offset=len(found)).hits
