"""Channels: the ways a title can be found, asked of the index in one call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from qdrant_client import models

from animevec.encoders.base import SparseVector, Vector
from animevec.index.base import Query, VectorStore
from animevec.search.fusion import ChannelRun

TITLE = "title"
TEXT_CHANNELS = ("text", "lexical", TITLE)
PICTURE_CHANNELS = ("picture", "thumbnail")


@dataclass(frozen=True, slots=True)
class Ask:
    """One channel's question: the best score over its vectors counts (views of one picture)."""

    name: str
    weight: float
    vectors: Sequence[Vector | SparseVector] = field(repr=False)
    using: str = ""

    @property
    def vector_name(self) -> str:
        """The named vector asked; the channel's own name unless told otherwise."""
        return self.using or self.name


def retrieve(
    store: VectorStore, index: str, asks: Sequence[Ask], where: models.Filter | None, limit: int
) -> list[ChannelRun]:
    """What every channel finds, in one batch."""
    asks = [ask for ask in asks if ask.weight > 0 and ask.vectors]
    queries = [
        Query(vector, ask.vector_name, limit, filter=where)
        for ask in asks
        for vector in ask.vectors
    ]
    answers = iter(store.query_batch(index, queries) if queries else [])
    runs: list[ChannelRun] = []
    for ask in asks:
        best: dict[UUID, float] = {}
        for _ in ask.vectors:
            for hit in next(answers):
                best[hit.id] = max(hit.score, best.get(hit.id, hit.score))
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        runs.append(ChannelRun(ask.name, ask.weight, ranked[:limit]))
    return runs
