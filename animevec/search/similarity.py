"""Titles like some titles and unlike others, by exact comparison of vectors.

Candidates come from a sweep over all titles, where their vectors were read ahead and no filter is
asked for, else from the index; their scores are then computed from the vectors, so that several
vectors, several examples and every metric mean one thing on every engine.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from animevec.errors import AnimevecError, InvalidRequest, attempt
from animevec.index.base import Query, VectorStore
from animevec.index.document import LEXICAL, PICTURE, TEXT, THUMBNAIL
from animevec.release import Release
from animevec.search.comparison import Examples, Sought, compared, mean_example, sought
from animevec.search.depth import MAX_DEPTH, depths
from animevec.search.filters import Node
from animevec.search.fusion import Ranked
from animevec.search.material import Material, Titles
from animevec.search.request import SimilarSearch
from animevec.search.scope import Scope, unwanted
from animevec.search.sweep import Swept
from animevec.search.table import AnyVector, Rows, SparseColumn, Table
from animevec.search.traits import LABELS, Traits
from animevec.search.view import CatalogueView

MODES: Mapping[str, Mapping[str, float]] = {
    # Words that two texts share are few among many, so their cosines are small: hence the 8.
    "content": {TEXT: 1.0, LEXICAL: 8.0, LABELS: 1.0},
    "visual": {PICTURE: 1.0, THUMBNAIL: 0.5},
}
FIRST = 200  # titles compared for the first hundred hits
MARGIN = 2  # titles compared, per one whose place is settled


@dataclass(frozen=True, slots=True)
class Found:
    """Likely titles, best first, in windows that depend on no page; for ``euclid`` the score is a
    distance, so smaller is better.
    """

    windows: Sequence[Sequence[Ranked]]
    references: Sequence[UUID]
    warnings: Sequence[str] = ()


class Likeness:
    """Finds what is like what in one release's index.

    ``learned`` says that the index's lexical weights come from a model rather than from BM25.
    """

    def __init__(
        self, store: VectorStore, view: CatalogueView, release: Release, learned: bool
    ) -> None:
        self._store, self._view, self._index = store, view, release.index
        self._material = Material(store, view, release.index, learned)

    def prepare(self) -> None:
        """Read titles ahead, so that no search has to; does nothing if they are."""
        self._material.prepare(MODES["content"])

    def find(
        self, searches: Sequence[tuple[SimilarSearch, Node | None]]
    ) -> list[Found | AnimevecError]:
        """Titles by likeness to the references, without these: one outcome per search, in order.

        All of one scope and of the same vectors are looked for at once.  Errors of a search:
        ``NotFound``: a reference is no title; ``InvalidRequest``: a reference is both positive and
        negative, or no positive one has any of the vectors compared.
        """
        outcomes: dict[int, Found | AnimevecError] = {}
        groups: dict[tuple[Scope, Titles], dict[int, _Task]] = defaultdict(dict)
        for at, asked in enumerate(searches):
            task = attempt(self._task, *asked)
            if isinstance(task, AnimevecError):
                outcomes[at] = task
            else:
                groups[task.scope, task.titles][at] = task
        for (scope, _), tasks in groups.items():
            outcomes |= zip(tasks, self._found(scope, list(tasks.values())), strict=True)
        return [outcomes[at] for at in range(len(searches))]

    def between(self, pairs: Sequence[tuple[UUID, UUID]]) -> list[float | None]:
        """How alike two titles are by content, as ``find`` scores them; None where one of them
        is not indexed.
        """
        return [self._likeness(one, other) for one, other in pairs]

    def _likeness(self, one: UUID, other: UUID) -> float | None:
        weights = MODES["content"]
        titles = self._material.titles(weights)
        mine, theirs = titles.rows([one]), titles.rows([other])
        examples = _held(mine, mine[:0], titles.table, weights)
        if not examples or not len(theirs):
            return None
        search = SimilarSearch(positive=(str(one),))
        wanted = sought(search, titles.table, examples)
        return compared(search, titles.table, theirs, wanted, weights)[0].score

    def _task(self, search: SimilarSearch, node: Node | None) -> "_Task":
        positive = {self._view.resolve(key): key for key in search.positive}
        negative = {self._view.resolve(key): key for key in search.negative}
        both_ways = positive.keys() & negative.keys()
        if both_ways:
            raise InvalidRequest(
                f"{next(iter(both_ways))} is both a positive and a negative reference"
            )
        weights = MODES.get(search.mode) or {str(n): w for n, w in search.vectors.items()}
        titles = self._material.titles(weights)
        examples = _examples(titles.rows(positive), titles.rows(negative), titles.table, weights)
        warnings = [
            *self._view.vocabulary.strangers(node),
            *_silent(positive | negative, titles.table, examples),
        ]
        scope = Scope(node, unwanted(search, self._view))
        excluded = self._excluded(search, {*positive, *negative})
        return _Task(search, scope, titles, weights, examples, list(positive), excluded, warnings)

    def _excluded(self, search: SimilarSearch, references: set[UUID]) -> frozenset[UUID]:
        if not search.exclude_franchise:
            return frozenset(references)
        return frozenset(references | self._view.kin(references))

    def _found(self, scope: Scope, tasks: Sequence["_Task"]) -> Sequence[Found | AnimevecError]:
        """What the searches of one scope and of the same titles find."""
        sweep = tasks[0].titles.sweep
        if sweep is None or scope.node is not None:
            return self._asked(scope, tasks)
        parts = [task.part() for task in tasks]
        nearest = sweep.nearest(parts, scope.unwanted)
        return [
            task.found(rows, part.examples)
            for task, part, rows in zip(tasks, parts, nearest, strict=True)
        ]

    def _asked(self, scope: Scope, tasks: Sequence["_Task"]) -> Sequence[Found | AnimevecError]:
        """What the index finds for all their questions."""
        queries = [task.queries(self._material.traits) for task in tasks]
        asked = [query for steps in queries for step in steps for query in step]
        answers = attempt(scope.query, self._store, self._index, asked)
        if isinstance(answers, AnimevecError):
            return [answers] * len(tasks)
        hits = iter(answers)
        near = [
            [[hit.id for _ in step for hit in next(hits)] for step in steps] for steps in queries
        ]
        return [task.read(ids) for task, ids in zip(tasks, near, strict=True)]


@dataclass(frozen=True, slots=True)
class _Task:
    """One search: what it compares with what, and where it looks."""

    search: SimilarSearch
    scope: Scope
    titles: Titles
    weights: Mapping[str, float]
    examples: Examples
    references: Sequence[UUID]
    excluded: frozenset[UUID]
    warnings: Sequence[str]

    @property
    def sizes(self) -> list[int]:
        """How many titles each step compares, down to the page that is asked for."""
        needed = (self.search.offset + self.search.limit) * (3 if self.search.fold_franchise else 1)
        sizes = list(depths(FIRST))
        last = next((at for at, size in enumerate(sizes) if _final(size) >= needed), len(sizes))
        return sizes[: last + 1]

    def queries(self, traits: Traits) -> list[list[Query]]:
        """What each step asks the index for candidates."""
        asked = [
            (name, vector)
            for name, (likes, unlike) in self.examples.items()
            if name != LABELS
            for vector in _questions(self.search, self.titles.table, traits, name, likes, unlike)
        ]
        depths = [size + len(self.excluded) for size in self.sizes]
        return [[Query(vector, name, depth) for name, vector in asked] for depth in depths]

    def part(self) -> Swept:
        """What to sweep for."""
        without = self.titles.table.known(self.excluded)
        return Swept(self._sought(), self.weights, self.sizes, without)

    def read(self, ids: Sequence[Sequence[UUID]]) -> Found:
        """The candidates that each step has of an index, read and compared."""
        rows = [self.titles.rows(some) for some in ids]
        return self.found(rows, self._sought())  # last: the space has what was read

    def found(self, steps: Sequence[Rows], examples: Mapping[str, Sought]) -> Found:
        """The candidates of each step compared."""
        windows = list(self._windows(steps, examples))
        return Found(windows, self.references, self.warnings)

    def _windows(
        self, steps: Sequence[Rows], examples: Mapping[str, Sought]
    ) -> Iterator[Sequence[Ranked]]:
        """The best of each step that no step before it had."""
        table, before = self.titles.table, self.excluded
        final = 0
        for rows, size in zip(steps, self.sizes, strict=True):
            ranked = compared(self.search, table, rows, examples, self.weights, before)
            window = ranked.head(_final(size) - final)
            yield window
            final += len(window)
            if size < self.sizes[-1]:
                before = before | {one.id for one in window}

    def _sought(self) -> Mapping[str, Sought]:
        return sought(self.search, self.titles.table, self.examples)


def _final(size: int) -> int:
    """How many of the titles that a step compares it settles the order of: candidates are chosen by
    rough likeness, so the last of them may lie behind some that are missing.
    """
    return size if size == MAX_DEPTH else size // MARGIN


def _questions(
    search: SimilarSearch, table: Table, traits: Traits, name: str, likes: Rows, unlike: Rows
) -> list[AnyVector]:
    """What to ask the index with; words that the negative references have are no reason to
    ask for less.
    """
    together = search.strategy == "average_vector"
    column = table.column(name)
    if isinstance(column, SparseColumn):
        words = [column.vector(row) for row in likes.tolist()]
        groups = [words] if together else [[one] for one in words]
        return [traits.question(group) for group in groups]
    if column is None:
        return []
    liked = column.matrix(likes)
    asked = mean_example(liked, column.matrix(unlike)) if together else liked
    return list(asked.astype(np.float32))


def _examples(
    positive: Rows, negative: Rows, table: Table, weights: Mapping[str, float]
) -> Examples:
    """The examples by vector; InvalidRequest where no positive one has any that is compared."""
    examples = _held(positive, negative, table, weights)
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
