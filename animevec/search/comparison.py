"""How alike titles and examples are, in several vectors at once and in every metric."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from animevec.search.fusion import Ranked, Vote
from animevec.search.request import SimilarSearch
from animevec.search.table import Column, Matrix, Rows, Table

DECIMALS = 6  # beyond is rounding, which must not decide between equals
# By the vector's name, the rows of the titles for and of those against.
Examples = Mapping[str, tuple[Rows, Rows]]


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


def compared(
    search: SimilarSearch,
    table: Table,
    candidates: Rows,
    examples: Examples,
    weights: Mapping[str, float],
    excluded: Iterable[UUID] = (),
) -> Comparison:
    """The candidates that pass the search's threshold and are not excluded.

    Likeness in all vectors counts as if they were one, its parts weighted; a vector that a title
    lacks is like none.  For ``euclid`` the score is a distance, so smaller is better.
    """
    rows = table.ordered(candidates)
    columns = [
        _column(search, table, rows, name, weights[name], *examples[name]) for name in examples
    ]
    total = sum(column.weight for column in columns)
    values = _together(search, [(column.weight / total, column.values) for column in columns])
    scores = values * columns[0].sign
    order = _descending(values)
    kept = ~np.isin(rows, table.known(excluded)) & _passing(search, scores)
    return Comparison(table.ids(rows), columns, order[kept[order]], scores)


def mean_example(likes: Matrix, unlike: Matrix) -> Matrix:
    """Qdrant's average_vector: avg(positive) + avg(positive) - avg(negative), [1, width]."""
    mean = likes.mean(axis=0, keepdims=True)
    moved = 2 * mean - unlike.mean(axis=0, keepdims=True) if len(unlike) else mean
    return np.asarray(moved)


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
        """What this vector says for a candidate."""
        score = self.sign * float(self.values[at])
        return Vote(self.name, int(self.ranks[at]), score, self.weight)


def _column(
    search: SimilarSearch,
    table: Table,
    rows: Rows,
    name: str,
    weight: float,
    likes: Rows,
    unlike: Rows,
) -> _Column:
    values = np.full(len(rows), _absent(search))
    ranks = np.zeros(len(rows), np.int64)
    column = table.column(name)
    having = np.flatnonzero(column.having(rows)) if column is not None else ()
    if column is not None and len(having):
        values[having] = _likeness(search, column, rows[having], likes, unlike)
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


def _likeness(
    search: SimilarSearch, column: Column, rows: Rows, likes: Rows, unlike: Rows
) -> NDArray[np.float64]:
    """Likeness [rows] in one vector, larger is better."""
    space = column.space(np.concatenate([likes, unlike]))
    liked, unliked = space.matrix(likes), space.matrix(unlike)

    def alike(examples: Matrix) -> Matrix:
        products = space.products(rows, examples)
        found = _similarity(search.metric, products, column.squares(rows)[:, None], examples)
        return found.round(DECIMALS)  # also before two are compared: noise is no difference

    if search.strategy == "average_vector":
        return alike(mean_example(liked, unliked))[:, 0]
    best: NDArray[np.float64] = alike(liked).max(axis=1)
    if not len(unlike):
        return best
    # Below all others where a negative example is nearer.
    worst = alike(unliked).max(axis=1)
    below = -np.square(worst) - (4 if search.metric == "euclid" else 0)
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
