"""How alike titles and examples are, in several vectors at once and in every metric."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from animevec.search.fusion import Ranked, Vote
from animevec.search.request import SimilarSearch
from animevec.search.table import Column, Matrix, Rows, Space, Table

DECIMALS = 6  # beyond is rounding, which must not decide between equals
# By the vector's name, the rows of the titles for and of those against.
Examples = Mapping[str, tuple[Rows, Rows]]


@dataclass(frozen=True, slots=True)
class Sought:
    """What one vector is compared with, as matrices [examples, width] of a space of its column:
    a title is as like as its nearest of ``near``, and must be less like all of ``far``.
    """

    column: Column
    space: Space
    near: Matrix
    far: Matrix


class Comparison(Sequence[Ranked]):
    """Candidates by likeness, best first, ties by id.

    Few of them reach a page: the others are places in arrays and nothing more.
    """

    def __init__(
        self,
        ids: Sequence[UUID],
        columns: Sequence["_Column"],
        order: Rows,
        scores: NDArray[np.float64],
    ) -> None:
        self._ids, self._columns = ids, columns
        self._order, self._scores = order, scores

    def __len__(self) -> int:
        return len(self._order)

    def head(self, size: int) -> "Comparison":
        """The first so many."""
        return Comparison(self._ids, self._columns, self._order[:size], self._scores)

    @overload
    def __getitem__(self, place: int) -> Ranked: ...
    @overload
    def __getitem__(self, place: slice) -> list[Ranked]: ...
    def __getitem__(self, place: int | slice) -> Ranked | list[Ranked]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        at = int(self._order[place])
        return Ranked(self._ids[at], float(self._scores[at]), _Said(self._columns, at))


class _Said(NamedTuple):
    """What every vector says for one candidate."""

    columns: Sequence["_Column"]
    at: int

    def votes(self, id_: UUID) -> list[Vote]:
        """The votes of the vectors that the title has."""
        return [column.vote(self.at) for column in self.columns if column.ranks[self.at]]


def sought(search: SimilarSearch, table: Table, examples: Examples) -> dict[str, Sought]:
    """The examples as the search's strategy compares them, by the vector's name; only titles
    that are in the table by now can be compared with them.
    """
    columns = {name: column for name in examples if (column := table.column(name)) is not None}
    return {name: _sought(search, column, *examples[name]) for name, column in columns.items()}


def compared(
    search: SimilarSearch,
    table: Table,
    candidates: Rows,
    examples: Mapping[str, Sought],
    weights: Mapping[str, float],
    excluded: Iterable[UUID] = (),
) -> Comparison:
    """The candidates that pass the search's threshold and are not excluded.

    Likeness in all vectors counts as if they were one, its parts weighted; a vector that a title
    lacks is like none.  For ``euclid`` the score is a distance, so smaller is better.
    """
    rows = table.ordered(candidates)
    columns = [_column(search, rows, name, weights[name], one) for name, one in examples.items()]
    total = sum(column.weight for column in columns)
    values = _together(search, [(column.weight / total, column.values) for column in columns])
    scores = values * columns[0].sign
    order = _descending(values)
    kept = ~np.isin(rows, table.known(excluded)) & _passing(search, scores)
    return Comparison(table.ids(rows), columns, order[kept[order]], scores)


def mean_example(likes: Matrix, unlike: Matrix) -> Matrix:
    """Qdrant's average_vector: avg(positive) + avg(positive) - avg(negative), [1, width]."""
    mean = likes.mean(axis=0, keepdims=True) if len(likes) > 1 else likes
    return 2 * mean - unlike.mean(axis=0, keepdims=True) if len(unlike) else mean


@dataclass(frozen=True, slots=True)
class _Column:
    """Likeness in one vector of all candidates [candidates]: larger is better; and a title's rank
    from 1 among those that have the vector, 0 for one that has not.  ``sign`` makes a value the
    score that is said.
    """

    name: str
    weight: float
    values: NDArray[np.float64]
    ranks: NDArray[np.int64]

    sign: float

    def vote(self, at: int) -> Vote:
        """What this vector says for a candidate; of a distance counts what it is short of a right
        angle's, so that vectors of length 1 share as their cosines do.
        """
        value = float(self.values[at])
        gain = self.weight * (value if self.sign > 0 else 1 - value**2 / 2)
        return Vote(self.name, int(self.ranks[at]), self.sign * value, max(0.0, gain))


def _sought(search: SimilarSearch, column: Column, likes: Rows, unlike: Rows) -> Sought:
    space = column.space(np.concatenate([likes, unlike]))
    near, far = space.matrix(likes), space.matrix(unlike)
    if search.strategy == "average_vector":
        return Sought(column, space, mean_example(near, far), far[:0])
    return Sought(column, space, near, far)


def _column(
    search: SimilarSearch, rows: Rows, name: str, weight: float, examples: Sought
) -> _Column:
    values = np.full(len(rows), _absent(search))
    ranks = np.zeros(len(rows), np.int64)
    having = np.flatnonzero(examples.column.having(rows))
    if len(having):
        values[having] = _likeness(search.metric, examples, rows[having])
        ranks[having[_descending(values[having])]] = np.arange(1, len(having) + 1)
    return _Column(name, weight, values, ranks, -1.0 if search.metric == "euclid" else 1.0)


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


def _passing(search: SimilarSearch, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    limit = search.score_threshold
    if limit is None:
        return np.ones(len(scores), bool)
    return scores <= limit if search.metric == "euclid" else scores >= limit


def _likeness(metric: str, examples: Sought, rows: Rows) -> NDArray[np.float64]:
    """Likeness [rows] in one vector, larger is better."""
    squares = examples.column.squares(rows)[:, None]

    def alike(others: Matrix) -> NDArray[np.float64]:
        found = _similarity(metric, examples.space.products(rows, others), squares, others)
        # Rounded before two are compared: noise is no difference.
        return np.asarray(found.round(DECIMALS).max(axis=1))

    best = alike(examples.near)
    if not len(examples.far):
        return best
    # Below all others where a negative example is nearer.
    worst = alike(examples.far)
    below = -np.square(worst) - (4 if metric == "euclid" else 0)
    return np.where(best > worst, best, below)


def _similarity(
    metric: str, products: Matrix, squares: NDArray[np.float64], examples: Matrix
) -> Matrix:
    """[rows, examples] from their products and squared lengths; euclid as a negative distance."""
    if metric == "dot":
        return products
    others = np.square(examples).sum(axis=1)
    if metric == "cosine":
        return np.asarray(products / np.maximum(np.sqrt(squares * others), 1e-12))
    return np.asarray(-np.sqrt(np.maximum(squares + others - 2 * products, 0.0)))
