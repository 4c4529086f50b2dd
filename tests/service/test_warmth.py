"""Reading ahead again after a change, when it is quiet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from animevec.catalog.sample import load_sample
from animevec.errors import Unavailable
from animevec.search import material
from animevec.search.request import SimilarSearch
from bentos.warmth import REST_S, Rest
from tests.search.conftest import World


@pytest.fixture
def small(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, load_sample()[:8])
    yield made
    made.close()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def asks(small: World, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a similarity search has to ask the index."""
    asked: list[Any] = []
    there = small.store.query_batch
    with monkeypatch.context() as patch:
        patch.setattr(small.store, "query_batch", lambda *a: asked.append(a) or there(*a))
        assert small.engine.similar(SimilarSearch(positive=("mal:2747",))).hits
    return bool(asked)


def change(small: World) -> None:
    title = next(iter(small.catalog.iterate()))
    changed = title.model_copy(update={"synopsis": f"{title.synopsis} Again."})
    small.catalog.put([changed], actor="test")
    small.index([changed])
    small.engine.refresh()


def test_it_reads_ahead_when_nothing_changed_for_a_while(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "NEWS", 1)
    clock = Clock()
    rest = Rest(clock)
    rest.look(small.engine)
    assert asks(small, monkeypatch)
    for seconds, asking in ((REST_S - 1, True), (1, False), (1, False)):
        clock.now += seconds
        rest.look(small.engine)
        assert asks(small, monkeypatch) == asking
    change(small)  # so few do not matter
    assert not asks(small, monkeypatch)
    for _ in range(3):
        change(small)
        clock.now += REST_S
        rest.look(small.engine)
        assert asks(small, monkeypatch)
    clock.now += REST_S
    rest.look(small.engine)
    assert not asks(small, monkeypatch)


def test_an_index_that_is_away_is_tried_again(
    small: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the index is away")

    clock = Clock()
    rest = Rest(clock)
    rest.look(small.engine)
    clock.now += REST_S
    with monkeypatch.context() as patch:
        patch.setattr(small.store, "retrieve", away)
        rest.look(small.engine)
    assert asks(small, monkeypatch)
    rest.look(small.engine)
    assert not asks(small, monkeypatch)
