"""Channels: the ways a title can be found, asked of the index in one call."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from uuid import UUID

from animevec.encoders.base import SparseVector, Vector
from animevec.index.base import Query, VectorStore
from animevec.search.fusion import ChannelRun
from animevec.search.scope import Scope

TITLE = "title"
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
    store: VectorStore, index: str, asks: Sequence[Ask], scope: Scope, limit: int
) -> list[ChannelRun]:
    """What every channel finds, in one batch."""
    asks = [ask for ask in asks if ask.weight > 0 and ask.vectors]
    queries = [Query(vector, ask.vector_name, limit) for ask in asks for vector in ask.vectors]
    answers = iter(scope.query(store, index, queries))
    runs: list[ChannelRun] = []
    for ask in asks:
        found = [[(hit.id, hit.score) for hit in next(answers)] for _ in ask.vectors]
        hits = found[0] if len(found) == 1 else _best(found)[:limit]
        runs.append(ChannelRun(ask.name, ask.weight, hits))
    return runs


def joined(runs: Sequence[ChannelRun], more: Sequence[ChannelRun], limit: int) -> list[ChannelRun]:
    """Channels and what some of them find by further vectors: the best score counts."""
    further = {run.name: run.hits for run in more}
    return [
        replace(run, hits=_best([run.hits, further[run.name]])[:limit])
        if run.name in further
        else run
        for run in runs
    ]


def _best(found: Iterable[Iterable[tuple[UUID, float]]]) -> list[tuple[UUID, float]]:
    """Every title with its best score, best first, ties by id."""
    best: dict[UUID, float] = {}
    for id_, score in chain.from_iterable(found):
        if score >= best.get(id_, score):
            best[id_] = score
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))
