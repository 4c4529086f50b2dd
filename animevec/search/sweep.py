"""All titles of a table compared with examples at once: what an index finds, and little missed.

Rough cosines choose the titles that are worth comparing exactly: of dense vectors along the axes
in which the titles differ most, of words by the rarest ones that two texts share.  Of the nearest
20 of 15,601 titles 99.9 percent are among those chosen, where the index brings 86; whole vectors
and all words find every one in twice the time (``python -m benchmarks.likeness``).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np

from animevec.encoders.base import Vector
from animevec.search.comparison import Sought
from animevec.search.postings import Postings
from animevec.search.table import Matrix, Rows, SparseColumn, Table, TermSpace

AXES = 64
BUDGET = 20_000  # postings
TOGETHER = 64  # examples per product of matrices: of 32,768 titles it takes 8 MB

_Cosines = Callable[[Sequence[Sought]], Iterator[Vector]]


class Swept(NamedTuple):
    """One search of a sweep: what it seeks, how many titles at each step, and which rows it leaves
    out.
    """

    examples: Mapping[str, Sought]
    weights: Mapping[str, float]
    sizes: Sequence[int]
    without: Rows


class _Seen(NamedTuple):
    """What a search may not find, for one set of unwanted titles and one state of the table: rows
    that are swept and barred, and rows that came later and are not.
    """

    barred: Rows
    later: Rows


class Sweep:
    """The titles that a table has now; those that come later are found by every search, to be
    compared exactly.  Safe for many threads.
    """

    def __init__(self, table: Table) -> None:
        self._table, self._titles = table, len(table)
        self._cosines: dict[str, _Cosines] = {}
        for name, column in table.columns():
            if isinstance(column, SparseColumn):
                self._cosines[name] = _Words(column.postings(self._titles))
            else:
                self._cosines[name] = _Meanings.of(column.units(self._titles))
        self._seen: dict[tuple[Collection[UUID], int, int], _Seen] = {}

    def nearest(
        self, searches: Sequence[Swept], unwanted: Collection[UUID]
    ) -> Iterator[list[Rows]]:
        """For each search and step the rows that are likest, in no order; never an unwanted one."""
        seen = self._look(unwanted)
        for some in _portions(searches):
            for search, values in zip(some, self._values(some), strict=True):
                values[seen.barred] = -np.inf
                values[search.without[search.without < self._titles]] = -np.inf
                yield [
                    np.concatenate([_largest(values, size), seen.later]) for size in search.sizes
                ]

    def _values(self, searches: Sequence[Swept]) -> list[Vector]:
        """Weighted cosines [titles] of each search, added up."""
        values = [np.zeros(self._titles, np.float32) for _ in searches]
        for name, cosines in self._cosines.items():
            asked = [at for at, search in enumerate(searches) if name in search.examples]
            sought = [searches[at].examples[name] for at in asked]
            for at, found in zip(asked, cosines(sought), strict=True):
                values[at] += found * np.float32(searches[at].weights[name])
        return values

    def _look(self, unwanted: Collection[UUID]) -> _Seen:
        """What is barred and what came later, found once."""
        table = self._table
        rows, gone = len(table), table.gone
        state = (unwanted, rows, len(gone))
        if (seen := self._seen.get(state)) is None:
            barred = np.concatenate([table.known(unwanted), gone])
            later = np.setdiff1d(np.arange(self._titles, rows), barred)
            seen = _Seen(barred[barred < self._titles], later)
            self._seen = {state: seen}
        return seen


@dataclass(frozen=True, slots=True)
class _Meanings:
    """Dense vectors of length 1 along some axes [titles, axes]; these are [width, axes]."""

    along: Vector
    axes: Vector

    @classmethod
    def of(cls, units: Vector) -> "_Meanings":
        """From the vectors [titles, width]: the axes that keep most of their products."""
        axes = np.linalg.eigh(units.T @ units)[1][:, : -AXES - 1 : -1]  # largest first
        return cls(units @ axes, axes)

    def __call__(self, sought: Sequence[Sought]) -> Iterator[Vector]:
        """Cosines [titles] with the nearest example of each search."""
        if not sought:
            return
        examples = np.concatenate([_unit(one.near) for one in sought]).astype(np.float32)
        products = iter((self.along @ (examples @ self.axes).T).T)
        for one in sought:
            yield _nearest([next(products) for _ in one.near])


@dataclass(frozen=True, slots=True)
class _Words:
    """Sparse vectors, each of length 1."""

    postings: Postings

    def __call__(self, sought: Sequence[Sought]) -> Iterator[Vector]:
        """Cosines [titles] with the nearest example of each search."""
        for one in sought:
            if isinstance(one.space, TermSpace):
                terms, products = one.space.terms, self.postings.products
                found = [products(terms, example[1:], BUDGET) for example in _unit(one.near)]
                yield _nearest(found).astype(np.float32)


def _portions(searches: Sequence[Swept]) -> Iterator[Sequence[Swept]]:
    """The searches in order, so many together as have few examples."""
    some: list[Swept] = []
    count = 0
    for search in searches:
        examples = max((len(one.near) for one in search.examples.values()), default=0)
        if some and count + examples > TOGETHER:
            yield some
            some, count = [], 0
        some.append(search)
        count += examples
    if some:
        yield some


def _unit(examples: Matrix) -> Matrix:
    lengths = np.sqrt(np.square(examples).sum(axis=1, keepdims=True))
    return np.asarray(examples / np.maximum(lengths, 1e-12))


def _nearest(found: Sequence[Any]) -> Any:
    """The largest of each title's values, of one array at least."""
    return found[0] if len(found) == 1 else np.max(found, axis=0)


def _largest(values: Vector, size: int) -> Rows:
    """Where the largest values are that are not left out."""
    first = max(0, len(values) - size)
    rows = np.argpartition(values, first)[first:] if first else np.arange(len(values))
    return np.asarray(rows[values[rows] > -np.inf])
