"""Titles like some titles and unlike others, by exact comparison of vectors.

Candidates come from the index; their scores are then computed from the vectors, so that
several vectors, several examples and every metric mean one thing on every engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import SparseVector
from animevec.errors import InvalidRequest
from animevec.index.base import Hit, Query, VectorStore
from animevec.index.document import PICTURE, TEXT, THUMBNAIL
from animevec.release import Release
from animevec.search.filters import Node, Terms, both, compiled
from animevec.search.fusion import Part, Ranked
from animevec.search.request import SimilarSearch
from animevec.search.view import CatalogueView

Matrix = NDArray[np.float32]

MODES: Mapping[str, Mapping[str, float]] = {
    "content": {TEXT: 1.0},
    "visual": {PICTURE: 1.0, THUMBNAIL: 0.5},
}
MARGIN = 50
MAX_DEPTH = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """Likely titles, best first; for ``euclid`` the score is a distance, so smaller is better."""

    ranked: Sequence[Ranked]
    references: Sequence[UUID]
    excluded: frozenset[UUID]


class Likeness:
    """Finds what is like what in one release's index."""

    def __init__(self, store: VectorStore, view: CatalogueView, release: Release) -> None:
        self._store, self._view, self._index = store, view, release.index

    def find(self, search: SimilarSearch, node: Node | None) -> Found:
        """Titles by likeness to the references.

        Raises:
            NotFound: a reference is no title.
            InvalidRequest: a reference is both positive and negative, or no positive one has
                any of the vectors compared.
        """
        positive = list(dict.fromkeys(map(self._view.resolve, search.positive)))
        negative = list(dict.fromkeys(map(self._view.resolve, search.negative)))
        both_ways = set(positive) & set(negative)
        if both_ways:
            raise InvalidRequest(
                f"{next(iter(both_ways))} is both a positive and a negative reference"
            )
        weights = MODES.get(search.mode) or {str(n): w for n, w in search.vectors.items()}
        examples = self._examples(positive, negative, weights)
        excluded = self._excluded(search, {*positive, *negative})
        adult = Terms("nsfw", "none", (True,)) if search.nsfw == "exclude" else None
        candidates = self._candidates(search, examples, both(node, adult), len(excluded))
        ranked = _scored(search, candidates, examples, weights)
        return Found(ranked, positive, excluded)

    def _examples(
        self, positive: Sequence[UUID], negative: Sequence[UUID], weights: Mapping[str, float]
    ) -> dict[str, tuple[Matrix, Matrix]]:
        """By vector name the positive [p, d] and negative [n, d] vectors; only names with p > 0."""
        hits = self._store.retrieve(self._index, [*positive, *negative], tuple(weights))
        known = {hit.id: hit for hit in hits}
        examples: dict[str, tuple[Matrix, Matrix]] = {}
        for name in weights:
            likes = _stacked([known[i] for i in positive if i in known], name)
            if len(likes):
                examples[name] = likes, _stacked([known[i] for i in negative if i in known], name)
        if not examples:
            raise InvalidRequest(
                f"none of the positive references has a vector {' or '.join(weights)}; "
                "use another mode, or index their pictures first",
                vectors=list(weights),
            )
        return examples

    def _excluded(self, search: SimilarSearch, references: set[UUID]) -> frozenset[UUID]:
        if not search.exclude_franchise:
            return frozenset(references)
        franchise = self._view.franchise
        wanted = {franchise.get(id_, id_) for id_ in references}
        return frozenset(references | {i for i, group in franchise.items() if group in wanted})

    def _candidates(
        self,
        search: SimilarSearch,
        examples: Mapping[str, tuple[Matrix, Matrix]],
        node: Node | None,
        excluded: int,
    ) -> list[Hit]:
        """Nearest titles of every question, with the vectors that are compared."""
        needed = (search.offset + search.limit) * (3 if search.fold_franchise else 1)
        depth = min(needed + MARGIN + excluded, MAX_DEPTH)
        where = compiled(node)
        queries = [
            Query(vector, name, depth, filter=where)
            for name, (likes, unlike) in examples.items()
            for vector in _questions(search, likes, unlike)
        ]
        answers = self._store.query_batch(self._index, queries)
        ids = dict.fromkeys(hit.id for answer in answers for hit in answer)
        return self._store.retrieve(self._index, list(ids), tuple(examples))


def _stacked(hits: Sequence[Hit], name: str) -> Matrix:
    rows = [v for hit in hits if (v := hit.vectors.get(name)) is not None]
    dense = [row for row in rows if not isinstance(row, SparseVector)]
    return np.stack(dense) if dense else np.empty((0, 0), np.float32)


def _questions(search: SimilarSearch, likes: Matrix, unlike: Matrix) -> list[NDArray[np.float32]]:
    return [mean_example(likes, unlike)] if search.strategy == "average_vector" else list(likes)


def mean_example(likes: Matrix, unlike: Matrix) -> NDArray[np.float32]:
    """Qdrant's average_vector: avg(positive) + avg(positive) - avg(negative)."""
    mean = likes.mean(axis=0)
    moved = 2 * mean - unlike.mean(axis=0) if len(unlike) else mean
    return np.asarray(moved, np.float32)


def _scored(
    search: SimilarSearch,
    candidates: Sequence[Hit],
    examples: Mapping[str, tuple[Matrix, Matrix]],
    weights: Mapping[str, float],
) -> list[Ranked]:
    """Weighted mean of the vectors' likenesses; a vector that a title lacks adds nothing."""
    total = sum(weights[name] for name in examples)
    by_name = {name: _likeness(search, candidates, name, *pair) for name, pair in examples.items()}
    scores = {
        hit.id: sum(weights[n] * found.get(hit.id, _absent(search)) for n, found in by_name.items())
        / total
        for hit in candidates
    }
    ranks = {
        name: {id_: rank for rank, id_ in enumerate(sorted(found, key=lambda i: (-found[i], i)), 1)}
        for name, found in by_name.items()
    }
    ordered = sorted(scores, key=lambda id_: (-scores[id_], id_))
    sign = -1.0 if search.metric == "euclid" else 1.0
    ranked = []
    for id_ in ordered:
        have = [name for name, found in by_name.items() if id_ in found]
        mass = sum(weights[name] for name in have)
        parts = tuple(
            Part(name, ranks[name][id_], sign * by_name[name][id_], weights[name] / mass)
            for name in have
        )
        ranked.append(Ranked(id_, sign * scores[id_], parts))
    return [one for one in ranked if _passes(search, one.score)]


def _absent(search: SimilarSearch) -> float:
    """Likeness of a title without the vector: none; as a distance, that of a right angle."""
    return -float(np.sqrt(2)) if search.metric == "euclid" else 0.0


def _passes(search: SimilarSearch, score: float) -> bool:
    limit = search.score_threshold
    if limit is None:
        return True
    return score <= limit if search.metric == "euclid" else score >= limit


def _likeness(
    search: SimilarSearch, candidates: Sequence[Hit], name: str, likes: Matrix, unlike: Matrix
) -> dict[UUID, float]:
    """Likeness by title in one vector, larger is better."""
    having = [hit for hit in candidates if hit.vectors.get(name) is not None]
    rows = _stacked(having, name)
    if not len(rows):
        return {}
    if search.strategy == "average_vector":
        values = _similarity(search.metric, rows, mean_example(likes, unlike)[None, :])[:, 0]
    else:
        values = _best_score(search.metric, rows, likes, unlike)
    return {hit.id: float(value) for hit, value in zip(having, values, strict=True)}


def _similarity(metric: str, rows: Matrix, examples: Matrix) -> Matrix:
    """[rows, examples]; euclid as a negative distance."""
    if metric == "euclid":
        return np.asarray(-np.linalg.norm(rows[:, None] - examples[None], axis=2), np.float32)
    if metric == "cosine":
        examples = examples / np.maximum(np.linalg.norm(examples, axis=1, keepdims=True), 1e-12)
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return np.asarray(rows @ examples.T, np.float32)


def _best_score(metric: str, rows: Matrix, likes: Matrix, unlike: Matrix) -> Matrix:
    """Likeness to the nearest positive example; below all others where a negative is nearer."""
    best: Matrix = _similarity(metric, rows, likes).max(axis=1)
    if not len(unlike):
        return best
    worst = _similarity(metric, rows, unlike).max(axis=1)
    below = -np.square(worst) - (4 if metric == "euclid" else 0)
    return np.where(best > worst, best, below).astype(np.float32)
