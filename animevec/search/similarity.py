"""Titles like some titles and unlike others, by exact comparison of vectors.

Candidates come from the index; their scores are then computed from the vectors, so that
several vectors, several examples and every metric mean one thing on every engine.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import SparseVector
from animevec.errors import InvalidRequest
from animevec.index.base import Query, VectorStore
from animevec.index.document import LEXICAL, PICTURE, TEXT, THUMBNAIL
from animevec.release import Release
from animevec.search.filters import Node
from animevec.search.fusion import Ranked, Vote
from animevec.search.request import SimilarSearch
from animevec.search.scope import Scope, unwanted
from animevec.search.shelf import Shelf
from animevec.search.traits import LABELS, AnyVector, Traits, aligned
from animevec.search.view import CatalogueView

Matrix = NDArray[np.float32]

MODES: Mapping[str, Mapping[str, float]] = {
    # Words that two texts share are few among many, so their cosines are small: hence the 8.
    "content": {TEXT: 1.0, LEXICAL: 8.0, LABELS: 1.0},
    "visual": {PICTURE: 1.0, THUMBNAIL: 0.5},
}
MARGIN = 100
MAX_DEPTH = 10_000
KEPT = 16_384  # titles, about 4 kB each

Examples = Mapping[str, tuple[Sequence[AnyVector], Sequence[AnyVector]]]


@dataclass(frozen=True, slots=True)
class Found:
    """Likely titles, best first; for ``euclid`` the score is a distance, so smaller is better."""

    ranked: Sequence[Ranked]
    references: Sequence[UUID]
    excluded: frozenset[UUID]
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    """Traits of titles by the vectors they were made of, as of one catalogue and index revision."""

    state: tuple[int, int]
    shelves: dict[tuple[str, ...], Shelf[Mapping[str, AnyVector]]] = field(
        default_factory=lambda: defaultdict(lambda: Shelf(KEPT))
    )


class Likeness:
    """Finds what is like what in one release's index.

    ``learned`` says that the index's lexical weights come from a model rather than from BM25.
    """

    def __init__(
        self, store: VectorStore, view: CatalogueView, release: Release, learned: bool
    ) -> None:
        self._store, self._view, self._index = store, view, release.index
        self._learned = learned
        self._kept = _Kept((0, 0))

    def find(self, search: SimilarSearch, node: Node | None) -> Found:
        """Titles by likeness to the references.

        Raises:
            NotFound: a reference is no title.
            InvalidRequest: a reference is both positive and negative, or no positive one has
                any of the vectors compared.
        """
        positive = {self._view.resolve(key): key for key in search.positive}
        negative = {self._view.resolve(key): key for key in search.negative}
        both_ways = positive.keys() & negative.keys()
        if both_ways:
            raise InvalidRequest(
                f"{next(iter(both_ways))} is both a positive and a negative reference"
            )
        weights = MODES.get(search.mode) or {str(n): w for n, w in search.vectors.items()}
        references = self._traits([*positive, *negative], weights)
        examples = _examples(positive, negative, references, weights)
        excluded = self._excluded(search, {*positive, *negative})
        scope = Scope(node, unwanted(search, self._view))
        found = self._candidates(search, examples, scope, len(excluded))
        ranked = _scored(search, self._traits(found, examples), examples, weights)
        warnings = [
            *self._view.vocabulary.strangers(node),
            *_silent(positive | negative, references, examples),
        ]
        return Found(ranked, list(positive), excluded, warnings)

    def between(self, pairs: Sequence[tuple[UUID, UUID]]) -> list[float | None]:
        """How alike two titles are by content, as ``find`` scores them; None where one of them
        is not indexed.
        """
        weights = MODES["content"]
        traits = self._traits(list(dict.fromkeys(i for pair in pairs for i in pair)), weights)
        search = SimilarSearch(positive=("pair",))
        scores: list[float | None] = []
        for one, other in pairs:
            mine = traits.get(one, {})
            examples: Examples = {name: ([mine[name]], []) for name in weights if name in mine}
            known = bool(examples) and other in traits
            scores.append(
                _scored(search, {other: traits[other]}, examples, weights)[0].score
                if known
                else None
            )
        return scores

    def _traits(
        self, ids: Sequence[UUID], names: Iterable[str]
    ) -> dict[UUID, Mapping[str, AnyVector]]:
        """Vectors by name of the ids that are indexed, words and labels weighed."""
        held = tuple(name for name in names if name in self._vectors)
        view = self._view
        state = (view.revision, self._store.watermark(self._index))
        if self._kept.state != state:  # words and labels may weigh otherwise now
            self._kept = _Kept(state)
        make = Traits(view.rarity, view.vocabulary, len(view.facts), self._learned)

        def read(missing: Sequence[UUID]) -> dict[UUID, Mapping[str, AnyVector]]:
            hits = self._store.retrieve(self._index, missing, held)
            return {hit.id: make.of(hit) for hit in hits}

        return self._kept.shelves[held].take(ids, read)

    @cached_property
    def _vectors(self) -> frozenset[str]:
        schema = self._store.schema(self._index)
        return frozenset({*schema.dense, *schema.sparse})

    def _excluded(self, search: SimilarSearch, references: set[UUID]) -> frozenset[UUID]:
        if not search.exclude_franchise:
            return frozenset(references)
        return frozenset(references | self._view.kin(references))

    def _candidates(
        self, search: SimilarSearch, examples: Examples, scope: Scope, excluded: int
    ) -> list[UUID]:
        """Nearest titles of every question."""
        needed = (search.offset + search.limit) * (3 if search.fold_franchise else 1)
        depth = min(needed + MARGIN + excluded, MAX_DEPTH)
        queries = [
            Query(vector, name, depth)
            for name, (likes, unlike) in examples.items()
            if name != LABELS
            for vector in self._questions(search, likes, unlike)
        ]
        answers = scope.query(self._store, self._index, queries)
        return list(dict.fromkeys(hit.id for answer in answers for hit in answer))

    def _questions(
        self, search: SimilarSearch, likes: Sequence[AnyVector], unlike: Sequence[AnyVector]
    ) -> list[AnyVector]:
        """What to ask the index with; words that the negative references have are no reason to
        ask for less.
        """
        together = search.strategy == "average_vector"
        words = [one for one in likes if isinstance(one, SparseVector)]
        if words:
            view = self._view
            make = Traits(view.rarity, view.vocabulary, len(view.facts), self._learned)
            return [make.question(group) for group in ([words] if together else zip(words))]
        liked, unliked = aligned(likes, unlike)
        return [mean_example(liked, unliked)] if together else list(liked)


def _examples(
    positive: Iterable[UUID],
    negative: Iterable[UUID],
    references: Mapping[UUID, Mapping[str, AnyVector]],
    weights: Mapping[str, float],
) -> Examples:
    """By name the vectors of the positive and of the negative references; only names that a
    positive one has.
    """
    examples: dict[str, tuple[Sequence[AnyVector], Sequence[AnyVector]]] = {}
    for name in weights:
        likes = [v for i in positive if (v := references.get(i, {}).get(name)) is not None]
        unlike = [v for i in negative if (v := references.get(i, {}).get(name)) is not None]
        if likes:
            examples[name] = likes, unlike
    if not examples.keys() - {LABELS}:
        wanted = [name for name in weights if name != LABELS]
        raise InvalidRequest(
            f"none of the positive references has a vector {' or '.join(wanted)}; "
            "use another mode, or index their pictures first",
            vectors=wanted,
        )
    return examples


def _silent(
    given: Mapping[UUID, str],
    references: Mapping[UUID, Mapping[str, AnyVector]],
    examples: Examples,
) -> list[str]:
    """A warning for each reference that has none of the vectors compared."""
    names = [name for name in examples if name != LABELS]
    return [
        f"{key} has no vector {' or '.join(names)} and was left out"
        for id_, key in given.items()
        if not references.get(id_, {}).keys() & set(names)
    ]


def mean_example(likes: Matrix, unlike: Matrix) -> NDArray[np.float32]:
    """Qdrant's average_vector: avg(positive) + avg(positive) - avg(negative)."""
    mean = likes.mean(axis=0)
    moved = 2 * mean - unlike.mean(axis=0) if len(unlike) else mean
    return np.asarray(moved, np.float32)


@dataclass(frozen=True, slots=True)
class _Column:
    """Likeness in one vector of all candidates [candidates]: larger is better; and a title's rank
    from 1 among those that have the vector, 0 for one that has not.
    """

    name: str
    weight: float
    values: NDArray[np.float64]
    ranks: NDArray[np.int64]

    def vote(self, at: int, sign: float) -> Vote:
        """What this vector says for a candidate."""
        return Vote(self.name, int(self.ranks[at]), sign * float(self.values[at]), self.weight)


@dataclass(frozen=True)
class _Compared:
    """What every vector says for every candidate."""

    ids: Sequence[UUID]
    columns: Sequence[_Column]
    sign: float

    def votes(self, id_: UUID) -> list[Vote]:
        """The votes of the vectors that a title has."""
        at = self._places[id_]
        return [column.vote(at, self.sign) for column in self.columns if column.ranks[at]]

    @cached_property
    def _places(self) -> dict[UUID, int]:
        return {id_: at for at, id_ in enumerate(self.ids)}


def _scored(
    search: SimilarSearch,
    candidates: Mapping[UUID, Mapping[str, AnyVector]],
    examples: Examples,
    weights: Mapping[str, float],
) -> list[Ranked]:
    """Likeness in all vectors as if they were one, its parts weighted; a vector that a title
    lacks is like none.  Ties come by id.
    """
    ids = sorted(candidates, key=lambda id_: id_.int)
    rows = [candidates[id_] for id_ in ids]
    columns = [_column(search, rows, name, weights[name], *examples[name]) for name in examples]
    total = sum(column.weight for column in columns)
    scores = _together(search, [(column.weight / total, column.values) for column in columns])
    sign = -1.0 if search.metric == "euclid" else 1.0
    compared = _Compared(ids, columns, sign)
    order = _descending(scores)
    ranked = [
        Ranked(ids[at], score, compared)
        for at, score in zip(order.tolist(), (sign * scores[order]).tolist(), strict=True)
    ]
    return [one for one in ranked if _passes(search, one.score)]


def _column(
    search: SimilarSearch,
    rows: Sequence[Mapping[str, AnyVector]],
    name: str,
    weight: float,
    likes: Sequence[AnyVector],
    unlike: Sequence[AnyVector],
) -> _Column:
    having = [at for at, row in enumerate(rows) if name in row]
    values = np.full(len(rows), _absent(search))
    ranks = np.zeros(len(rows), np.int64)
    if having:
        found = _likeness(search, [rows[at][name] for at in having], likes, unlike)
        values[having] = found
        ranks[np.asarray(having)[_descending(found)]] = np.arange(1, len(having) + 1)
    return _Column(name, weight, values, ranks)


def _descending(values: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Positions by value, largest first, ties in the order they are in."""
    return np.argsort(-values, kind="stable")


def _together(
    search: SimilarSearch, parts: Iterable[tuple[float, NDArray[np.float64]]]
) -> NDArray[np.float64]:
    """Shares and values to one value: cosines and products add up, and so do squared distances."""
    if search.metric != "euclid":
        return np.asarray(sum(share * values for share, values in parts))
    squares = np.asarray(sum(share * values * np.abs(values) for share, values in parts))
    return np.asarray(np.copysign(np.sqrt(np.abs(squares)), squares))


def _absent(search: SimilarSearch) -> float:
    """Likeness of a title without the vector: none; as a distance, that of a right angle."""
    return -float(np.sqrt(2)) if search.metric == "euclid" else 0.0


def _passes(search: SimilarSearch, score: float) -> bool:
    limit = search.score_threshold
    if limit is None:
        return True
    return score <= limit if search.metric == "euclid" else score >= limit


def _likeness(
    search: SimilarSearch,
    rows: Sequence[AnyVector],
    likes: Sequence[AnyVector],
    unlike: Sequence[AnyVector],
) -> Matrix:
    """Likeness [rows] in one vector, larger is better."""
    liked, unliked, matrix = aligned(likes, unlike, rows)
    if search.strategy == "average_vector":
        return _similarity(search.metric, matrix, mean_example(liked, unliked)[None, :])[:, 0]
    return _best_score(search.metric, matrix, liked, unliked)


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
