"""What is measured: ways of answering a judged query, all through the search engine."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from animevec.errors import InvalidRequest
from animevec.search.engine import SearchEngine
from animevec.search.request import (
    UNDERSTANDING,
    MultimodalSearch,
    PictureSearch,
    SimilarSearch,
    TextSearch,
    Understanding,
)
from animevec.search.response import ChannelHit, SearchResult
from evaluation.qrels import Judged, Task

DEPTH = 100
PAGES = 3
BELIEVED = 10
FULL = "animevec"


@dataclass(frozen=True, slots=True)
class Belief:
    """A hit, how sure the engine was of it, its score, and what its channels said."""

    id: UUID
    probability: float
    score: float
    channels: tuple[ChannelHit, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ids, best first; ``beliefs`` about the first ten; milliseconds of the first page."""

    ids: tuple[UUID, ...]
    beliefs: tuple[Belief, ...] = ()
    ms: float = 0.0


class System(Protocol):
    """Answers queries of one task."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def rank(self, judged: Judged, pool: frozenset[UUID] | None) -> Ranking:
        """The first hundred ids that are in ``pool`` (if any) and not excluded."""
        ...


@dataclass(frozen=True, slots=True)
class EngineSystem:
    """One way of asking the engine; ``ask`` gets the query and an offset."""

    name: str
    ask: Callable[[Judged, int], SearchResult]

    def rank(self, judged: Judged, pool: frozenset[UUID] | None) -> Ranking:
        """Pages of a hundred until a hundred count, three at most."""
        began = time.perf_counter()
        result = self.ask(judged, 0)
        ms = (time.perf_counter() - began) * 1000
        beliefs = _beliefs(result, judged, pool)
        ids = counted((hit.id for hit in result.hits), judged, pool)
        page = 1
        while len(ids) < DEPTH and page < PAGES and len(result.hits) == DEPTH:
            result = self.ask(judged, page * DEPTH)
            ids += counted((hit.id for hit in result.hits), judged, pool)
            page += 1
        return Ranking(tuple(ids[:DEPTH]), beliefs, ms)


def counted(ids: Iterable[UUID], judged: Judged, pool: frozenset[UUID] | None) -> list[UUID]:
    """Those of a ranking that count: in the pool, and not excluded."""
    return [i for i in ids if i not in judged.exclude and (pool is None or i in pool)]


def systems(engine: SearchEngine, task: Task) -> list[EngineSystem]:
    """The default system first, then its parts alone; adult titles are let through."""
    match task:
        case "text":
            return [
                EngineSystem(FULL, _text(engine)),
                EngineSystem("dense", _text(engine, "dense", frozenset())),
                EngineSystem("lexical", _text(engine, "lexical", frozenset())),
                EngineSystem("title", _text(engine, "title", frozenset({"titles"}))),
            ]
        case "similar":
            engine.prepare()  # as the service does: candidates come from a sweep then
            return [EngineSystem(FULL, _similar(engine))]
        case "picture":
            return [
                EngineSystem(FULL, _picture(engine, views=True)),
                EngineSystem("one view", _picture(engine, views=False)),
            ]
        case "multimodal":
            return [
                EngineSystem(FULL, _both(engine, 0.5)),
                EngineSystem("words alone", _both(engine, 0.0)),
                EngineSystem("picture alone", _both(engine, 1.0)),
            ]


def _text(
    engine: SearchEngine,
    ranker: str | None = None,
    understand: frozenset[Understanding] = UNDERSTANDING,
) -> Callable[[Judged, int], SearchResult]:
    return lambda judged, offset: engine.text(
        TextSearch(
            query=judged.query,
            ranker=ranker,
            understand=understand,
            limit=DEPTH,
            offset=offset,
            nsfw="include",
        )
    )


def _similar(engine: SearchEngine) -> Callable[[Judged, int], SearchResult]:
    return lambda judged, offset: engine.similar(
        SimilarSearch(positive=(judged.query,), limit=DEPTH, offset=offset, nsfw="include")
    )


def _picture(engine: SearchEngine, views: bool) -> Callable[[Judged, int], SearchResult]:
    return lambda judged, offset: engine.picture(
        PictureSearch(
            picture=_sent(judged), views=views, limit=DEPTH, offset=offset, nsfw="include"
        )
    )


def _both(engine: SearchEngine, share: float) -> Callable[[Judged, int], SearchResult]:
    return lambda judged, offset: engine.multimodal(
        MultimodalSearch(
            query=judged.query,
            picture=_sent(judged),
            weight=share,
            limit=DEPTH,
            offset=offset,
            nsfw="include",
        )
    )


def _sent(judged: Judged) -> bytes:
    if judged.picture is None:
        raise InvalidRequest(f"query {judged.qid} has no picture")
    return judged.picture


def _beliefs(
    result: SearchResult, judged: Judged, pool: frozenset[UUID] | None
) -> tuple[Belief, ...]:
    known = {hit.id: hit for hit in result.hits}
    first = [known[i] for i in counted(known, judged, pool)][:BELIEVED]
    return tuple(
        Belief(hit.id, hit.probability, hit.score, hit.channels)
        for hit in first
        if hit.probability is not None
    )
