"""Titles like some titles and unlike others, by exact comparison of vectors.

Candidates come from the index; their scores are then computed from the vectors, so that
several vectors, several examples and every metric mean one thing on every engine.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from uuid import UUID

import numpy as np

from animevec.errors import AnimevecError, InvalidRequest, attempt
from animevec.index.base import Query, VectorStore
from animevec.index.document import LEXICAL, PICTURE, TEXT, THUMBNAIL
from animevec.release import Release
from animevec.search.comparison import Examples, compared, mean_example
from animevec.search.filters import Node
from animevec.search.fusion import Ranked
from animevec.search.request import SimilarSearch
from animevec.search.scope import Scope, unwanted
from animevec.search.table import AnyVector, Rows, SparseColumn, Table, Vectors
from animevec.search.traits import LABELS, Traits
from animevec.search.view import CatalogueView

MODES: Mapping[str, Mapping[str, float]] = {
    # Words that two texts share are few among many, so their cosines are small: hence the 8.
    "content": {TEXT: 1.0, LEXICAL: 8.0, LABELS: 1.0},
    "visual": {PICTURE: 1.0, THUMBNAIL: 0.5},
}
MARGIN = 100
MAX_DEPTH = 10_000
KEPT = 32_768  # titles of a table, about 3 kB each; then it is begun anew
AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Found:
    """Likely titles, best first; for ``euclid`` the score is a distance, so smaller is better."""

    ranked: Sequence[Ranked]
    references: Sequence[UUID]
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    """Tables by the vectors they hold, as of one catalogue and index revision."""

    state: tuple[int, int]
    tables: dict[tuple[str, ...], Table] = field(default_factory=lambda: defaultdict(Table))

    def table(self, names: tuple[str, ...]) -> Table:
        """The table of some vectors."""
        if len(self.tables[names]) > KEPT:
            self.tables[names] = Table()
        return self.tables[names]


@dataclass(frozen=True, slots=True)
class _Material:
    """What one search compares: its table, and how titles that it lacks are read."""

    table: Table
    names: tuple[str, ...]
    traits: Traits
    view: CatalogueView
    store: VectorStore
    index: str

    def rows(self, ids: Iterable[UUID]) -> Rows:
        """Rows of the ids that are indexed and in the catalogue, words and labels weighed."""
        return self.table.take(ids, self._read)

    def _read(self, missing: Sequence[UUID]) -> dict[UUID, Vectors]:
        hits = self.store.retrieve(self.index, missing, self.names)
        return {hit.id: self.traits.of(hit) for hit in hits if hit.id in self.view.facts}


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

    def prepare(self) -> None:
        """Read titles ahead, as many as are kept, so that no search has to."""
        material = self._material(MODES["content"])
        ids = list(islice(self._view.facts, KEPT))
        for start in range(0, len(ids), AT_ONCE):
            material.rows(ids[start : start + AT_ONCE])

    def find(
        self, searches: Sequence[tuple[SimilarSearch, Node | None]]
    ) -> list[Found | AnimevecError]:
        """Titles by likeness to the references, without these: one outcome per search, in order.

        The index is asked for all of one scope at once.  Errors of a search: ``NotFound``: a
        reference is no title; ``InvalidRequest``: a reference is both positive and negative, or
        no positive one has any of the vectors compared.
        """
        outcomes: dict[int, Found | AnimevecError] = {}
        scopes: dict[Scope, dict[int, _Task]] = defaultdict(dict)
        for at, asked in enumerate(searches):
            task = attempt(self._task, *asked)
            if isinstance(task, AnimevecError):
                outcomes[at] = task
            else:
                scopes[task.scope][at] = task
        for scope, tasks in scopes.items():
            outcomes |= zip(tasks, self._found(scope, list(tasks.values())), strict=True)
        return [outcomes[at] for at in range(len(searches))]

    def between(self, pairs: Sequence[tuple[UUID, UUID]]) -> list[float | None]:
        """How alike two titles are by content, as ``find`` scores them; None where one of them
        is not indexed.
        """
        return [self._likeness(one, other) for one, other in pairs]

    def _likeness(self, one: UUID, other: UUID) -> float | None:
        weights = MODES["content"]
        material = self._material(weights)
        mine, theirs = material.rows([one]), material.rows([other])
        examples = _held(mine, mine[:0], material.table, weights)
        if not examples or not len(theirs):
            return None
        search = SimilarSearch(positive=(str(one),))
        return compared(search, material.table, theirs, examples, weights)[0].score

    def _material(self, names: Iterable[str]) -> _Material:
        """Some vectors of the titles as they are now."""
        held = tuple(name for name in names if name in self._vectors)
        view = self._view
        state = (view.revision, self._store.watermark(self._index))
        if self._kept.state != state:  # words and labels may weigh otherwise now
            self._kept = _Kept(state)
        traits = Traits(view.rarity, view.vocabulary, len(view.facts), self._learned)
        return _Material(self._kept.table(held), held, traits, view, self._store, self._index)

    @cached_property
    def _vectors(self) -> frozenset[str]:
        schema = self._store.schema(self._index)
        return frozenset({*schema.dense, *schema.sparse})

    def _task(self, search: SimilarSearch, node: Node | None) -> "_Task":
        positive = {self._view.resolve(key): key for key in search.positive}
        negative = {self._view.resolve(key): key for key in search.negative}
        both_ways = positive.keys() & negative.keys()
        if both_ways:
            raise InvalidRequest(
                f"{next(iter(both_ways))} is both a positive and a negative reference"
            )
        weights = MODES.get(search.mode) or {str(n): w for n, w in search.vectors.items()}
        material = self._material(weights)
        examples = _examples(material.rows(positive), material.rows(negative), material, weights)
        warnings = [
            *self._view.vocabulary.strangers(node),
            *_silent(positive | negative, material.table, examples),
        ]
        scope = Scope(node, unwanted(search, self._view))
        excluded = self._excluded(search, {*positive, *negative})
        return _Task(search, scope, material, weights, examples, list(positive), excluded, warnings)

    def _excluded(self, search: SimilarSearch, references: set[UUID]) -> frozenset[UUID]:
        if not search.exclude_franchise:
            return frozenset(references)
        return frozenset(references | self._view.kin(references))

    def _found(self, scope: Scope, tasks: Sequence["_Task"]) -> Sequence[Found | AnimevecError]:
        """What the searches of one scope find: the nearest titles of all their questions."""
        queries = [task.queries() for task in tasks]
        asked = [query for some in queries for query in some]
        answers = attempt(scope.query, self._store, self._index, asked)
        if isinstance(answers, AnimevecError):
            return [answers] * len(tasks)
        hits = iter(answers)
        near = [[hit.id for _ in some for hit in next(hits)] for some in queries]
        return [task.found(ids) for task, ids in zip(tasks, near, strict=True)]


@dataclass(frozen=True, slots=True)
class _Task:
    """One search: what it compares with what, and where it looks."""

    search: SimilarSearch
    scope: Scope
    material: _Material
    weights: Mapping[str, float]
    examples: Examples
    references: Sequence[UUID]
    excluded: frozenset[UUID]
    warnings: Sequence[str]

    def queries(self) -> list[Query]:
        """What to ask the index for candidates."""
        search = self.search
        needed = (search.offset + search.limit) * (3 if search.fold_franchise else 1)
        depth = min(needed + MARGIN + len(self.excluded), MAX_DEPTH)
        return [
            Query(vector, name, depth)
            for name, (likes, unlike) in self.examples.items()
            if name != LABELS
            for vector in _questions(search, self.material, name, likes, unlike)
        ]

    def found(self, ids: Iterable[UUID]) -> Found:
        """The candidates compared."""
        candidates, table = self.material.rows(ids), self.material.table
        ranked = compared(
            self.search, table, candidates, self.examples, self.weights, self.excluded
        )
        return Found(ranked, self.references, self.warnings)


def _questions(
    search: SimilarSearch, material: _Material, name: str, likes: Rows, unlike: Rows
) -> list[AnyVector]:
    """What to ask the index with; words that the negative references have are no reason to
    ask for less.
    """
    together = search.strategy == "average_vector"
    column = material.table.column(name)
    if isinstance(column, SparseColumn):
        words = [column.vector(row) for row in likes.tolist()]
        groups = [words] if together else [[one] for one in words]
        return [material.traits.question(group) for group in groups]
    if column is None:
        return []
    liked = column.matrix(likes)
    asked = mean_example(liked, column.matrix(unlike)) if together else liked
    return list(asked.astype(np.float32))


def _examples(
    positive: Rows, negative: Rows, material: _Material, weights: Mapping[str, float]
) -> Examples:
    """The examples by vector; InvalidRequest where no positive one has any that is compared."""
    examples = _held(positive, negative, material.table, weights)
    if not examples.keys() - {LABELS}:
        wanted = [name for name in weights if name != LABELS]
        raise InvalidRequest(
            f"none of the positive references has a vector {' or '.join(wanted)}; "
            "use another mode, or index their pictures first",
            vectors=wanted,
        )
    return examples


def _held(positive: Rows, negative: Rows, table: Table, names: Iterable[str]) -> Examples:
    """By name the rows that have such a vector; only names that a positive one has."""
    columns = {name: column for name in names if (column := table.column(name)) is not None}
    held = {
        name: (positive[column.having(positive)], negative[column.having(negative)])
        for name, column in columns.items()
    }
    return {name: rows for name, rows in held.items() if len(rows[0])}


def _silent(given: Mapping[UUID, str], table: Table, examples: Examples) -> list[str]:
    """A warning for each reference that has none of the vectors compared."""
    names = [name for name in examples if name != LABELS]
    heard = {row for name in names for rows in examples[name] for row in rows.tolist()}
    return [
        f"{key} has no vector {' or '.join(names)} and was left out"
        for id_, key in given.items()
        if not heard & set(table.known([id_]).tolist())
    ]
