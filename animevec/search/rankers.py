"""Rankers by name: what they ask the channels, and how they order what came back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import Embedding, Encoder, Head, SparseVector, Task, Vector
from animevec.errors import InvalidRequest
from animevec.index.base import VectorStore
from animevec.index.document import TEXT, embedding_text
from animevec.search.encoding import QueryEncoders
from animevec.search.fusion import Fusion, Ranked, blended, reciprocal
from animevec.search.response import RankerInfo
from animevec.search.view import CatalogueView

MMR_DEPTH = 60
MMR_RELEVANCE = 0.7
COLBERT_DEPTH = 50
PRIOR_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Pool:
    """What a ranker may look at besides the fused list."""

    store: VectorStore
    index: str
    view: CatalogueView
    encoders: QueryEncoders
    text: str
    colbert: Vector | None = None


Order = Callable[[Sequence[Ranked], Pool], list[Ranked]]


def _as_fused(ranked: Sequence[Ranked], _: Pool) -> list[Ranked]:
    return list(ranked)


def _popular(ranked: Sequence[Ranked], pool: Pool) -> list[Ranked]:
    facts = pool.view.facts
    return resorted(
        one._replace(
            score=one.score
            * (1 - PRIOR_SHARE + PRIOR_SHARE * (facts[one.id].prior if one.id in facts else 0)),
        )
        for one in ranked
    )


def _diverse(ranked: Sequence[Ranked], pool: Pool) -> list[Ranked]:
    """Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998) over text vectors."""
    head, tail = list(ranked[:MMR_DEPTH]), list(ranked[MMR_DEPTH:])
    vectors = _vectors(pool, [one.id for one in head])
    relevance = np.array([one.score for one in head])
    relevance = relevance / relevance.max() if len(head) else relevance
    matrix = np.stack([vectors.get(one.id, _nothing(vectors)) for one in head]) if head else None
    chosen: list[int] = []
    redundancy = np.zeros(len(head))
    while matrix is not None and len(chosen) < len(head):
        gain = MMR_RELEVANCE * relevance - (1 - MMR_RELEVANCE) * redundancy
        gain[chosen] = -np.inf
        best = int(np.argmax(gain))
        chosen.append(best)
        redundancy = np.maximum(redundancy, matrix @ matrix[best])
    scores = sorted((one.score for one in head), reverse=True)
    picked = [head[at]._replace(score=scores[rank]) for rank, at in enumerate(chosen)]
    return picked + tail


def _vectors(pool: Pool, ids: Sequence[UUID]) -> dict[UUID, Vector]:
    hits = pool.store.retrieve(pool.index, ids, (TEXT,))
    found = {hit.id: hit.vectors.get(TEXT) for hit in hits}
    return {i: v for i, v in found.items() if v is not None and not isinstance(v, SparseVector)}


def _nothing(vectors: Mapping[UUID, Vector]) -> Vector:
    size = len(next(iter(vectors.values()))) if vectors else 1
    return np.zeros(size, np.float32)


def _late_interaction(ranked: Sequence[Ranked], pool: Pool) -> list[Ranked]:
    """MaxSim of token vectors (Khattab and Zaharia, SIGIR 2020), computed now for the first 50."""
    if pool.colbert is None:
        return list(ranked)
    head, tail = list(ranked[:COLBERT_DEPTH]), list(ranked[COLBERT_DEPTH:])
    records = pool.view.records(one.id for one in head)
    texts = [embedding_text(records[one.id]) for one in head if one.id in records]
    known = [one for one in head if one.id in records]
    embedded = pool.encoders.texts(texts, frozenset({Head.COLBERT}), Task.DOCUMENT)
    scored = [
        one._replace(score=1 + max_sim(pool.colbert, embedding))
        for one, embedding in zip(known, embedded, strict=True)
    ]
    return resorted(scored) + tail


def max_sim(query: Vector, document: Embedding) -> float:
    """Mean over query tokens of the best cosine with a token of the document; -1 to 1."""
    if document.colbert is None:
        return -1.0
    similarity: NDArray[np.float32] = query @ document.colbert.T
    return float(similarity.max(axis=1).mean())


def resorted(ranked: Iterable[Ranked]) -> list[Ranked]:
    """By score, best first, ties by id."""
    return sorted(ranked, key=lambda one: (-one.score, one.id))


@dataclass(frozen=True, slots=True)
class Ranker:
    """A way of ranking: ``weights`` override the release's, ``order`` has the last word on what the
    first step finds, ``later`` on what the deeper ones add.
    """

    name: str
    description: str
    fusion: Fusion = blended
    weights: Mapping[str, float] = field(default_factory=dict)
    order: Order = _as_fused
    later: Order = _as_fused
    head: Head | None = None

    def available(self, text: Encoder) -> bool:
        """Whether the text encoder has the head this needs."""
        return self.head is None or self.head in text.card.heads


RANKERS: Mapping[str, Ranker] = MappingProxyType(
    {
        ranker.name: ranker
        for ranker in (
            Ranker("blend", "weighted mean of every channel's normalised scores"),
            Ranker("fusion", "weighted reciprocal rank fusion of every channel", reciprocal),
            Ranker("dense", "meaning only", weights={"lexical": 0.0, "title": 0.0}),
            Ranker("lexical", "words only", weights={"text": 0.0, "title": 0.0}),
            Ranker("title", "names only", weights={"text": 0.0, "lexical": 0.0}),
            Ranker("mmr", "blend, then diversity: fewer alike near each other", order=_diverse),
            Ranker(
                "popularity",
                "blend, with a prior for well-known titles",
                order=_popular,
                later=_popular,
            ),
            Ranker(
                "colbert",
                "blend, the first 50 rescored by late interaction of tokens",
                order=_late_interaction,
                head=Head.COLBERT,
            ),
        )
    }
)


def ranker(name: str, text: Encoder) -> Ranker:
    """The ranker of that name; ``InvalidRequest`` if there is none or its head is missing."""
    found = RANKERS.get(name)
    usable = [one.name for one in RANKERS.values() if one.available(text)]
    if found is None or not found.available(text):
        why = (
            "unknown ranker" if found is None else f"{text.card.name} has no {found.head} head for"
        )
        raise InvalidRequest(
            f"{why} '{name}'; available: {', '.join(usable)}", ranker=name, allowed=usable
        )
    return found


def listed(text: Encoder) -> list[RankerInfo]:
    """Every ranker, with whether this encoder can serve it."""
    return [
        RankerInfo(name=r.name, description=r.description, available=r.available(text))
        for r in RANKERS.values()
    ]
