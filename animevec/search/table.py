"""Traits of titles as arrays, a row each: comparing hundreds of them takes no loop in Python.

Rows are added and never changed, so who knows their numbers may read them while others add.  A
title that is forgotten gets another row when it is read again.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import SparseVector, Vector
from animevec.search.postings import Postings, spans

AnyVector = Vector | SparseVector
Vectors = Mapping[str, AnyVector]
Matrix = NDArray[np.float64]
Rows = NDArray[np.int64]
Read = Callable[[list[UUID]], Mapping[UUID, Vectors]]


class Table:
    """The traits of titles by row and name; safe for many threads."""

    def __init__(self) -> None:
        self._rows: dict[int, int] = {}  # by id.int: hashing a UUID runs Python code
        self._ids: list[UUID] = []
        self._keys = np.zeros(0, "S16")  # ids as bytes, which order alike
        self._columns: dict[str, Column] = {}
        self._gone = np.zeros(0, np.int64)
        self._forgotten = 0
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def gone(self) -> Rows:
        """The rows of titles forgotten, which are no longer any title's."""
        return self._gone

    def take(self, ids: Iterable[UUID], read: Read) -> Rows:
        """The rows of the ids that exist, in the order given; ``read`` gets those that are not
        here yet.
        """
        ids, forgotten = list(ids), self._forgotten
        rows = [self._rows.get(id_.int, -1) for id_ in ids]
        if -1 not in rows:
            return np.array(rows, np.int64)
        missing = [id_ for id_, row in zip(ids, rows, strict=True) if row < 0]
        come = read(list(dict.fromkeys(missing)))
        with self._guard:
            if forgotten == self._forgotten:
                self._add(come)
                return self.known(ids)
        return self.take(ids, read)  # what was read may be of before something was forgotten

    def forget(self, ids: Iterable[UUID]) -> None:
        """Have some titles read again by who needs them."""
        with self._guard:
            self._forgotten += 1
            rows = [row for id_ in ids if (row := self._rows.pop(id_.int, None)) is not None]
            self._gone = np.concatenate([self._gone, np.array(rows, np.int64)])

    def known(self, ids: Iterable[UUID]) -> Rows:
        """The rows of the ids that are here, in the order given."""
        rows = self._rows
        return np.array([row for id_ in ids if (row := rows.get(id_.int)) is not None], np.int64)

    def ids(self, rows: Rows) -> list[UUID]:
        """The titles of some rows."""
        return [self._ids[row] for row in rows.tolist()]

    def ordered(self, rows: Rows) -> Rows:
        """Each of some rows once, in the order of the titles' ids."""
        rows = np.unique(rows)
        return np.asarray(rows[np.argsort(self._keys[rows])])

    def column(self, name: str) -> "Column | None":
        """The vectors of one name; None where no title has any."""
        return self._columns.get(name)

    def columns(self) -> "list[tuple[str, Column]]":
        """The vectors by name."""
        return list(self._columns.items())

    def _add(self, come: Mapping[UUID, Vectors]) -> None:
        new = {id_: vectors for id_, vectors in come.items() if id_.int not in self._rows}
        first = len(self._ids)
        for name in {name for named in new.values() for name in named} | {*self._columns}:
            vectors = [named.get(name) for named in new.values()]
            if name not in self._columns:
                self._columns[name] = _column(vectors)
            self._columns[name].put(first, vectors)
        keys = _grown(self._keys, first + len(new))
        keys[first : first + len(new)] = [id_.bytes for id_ in new]
        self._keys = keys
        self._ids.extend(new)
        numbers = [id_.int for id_ in new]
        self._rows.update(zip(numbers, range(first, first + len(new)), strict=True))


class DenseColumn:
    """Dense vectors by row."""

    def __init__(self, size: int) -> None:
        self._values = np.zeros((0, size), np.float32)
        self._squares = np.zeros(0)  # of the vectors' lengths
        self._has = np.zeros(0, bool)

    def put(self, first: int, vectors: Sequence[AnyVector | None]) -> None:
        """Vectors of the rows from ``first`` on; None for a title that has none."""
        rows = first + len(vectors)
        values, squares = _grown(self._values, rows), _grown(self._squares, rows)
        has = _grown(self._has, rows)
        for row, vector in enumerate(vectors, first):
            if isinstance(vector, np.ndarray):
                values[row], has[row] = vector, True
                squares[row] = np.square(vector, dtype=np.float64).sum()
        self._values, self._squares, self._has = values, squares, has

    def units(self, rows: int) -> Vector:
        """The vectors of the first so many rows [rows, size], each made as long as 1; zeros where
        there is none.
        """
        lengths = np.sqrt(self._squares[:rows, None])
        return np.asarray(self._values[:rows] / np.maximum(lengths, 1e-12), np.float32)

    def having(self, rows: Rows) -> NDArray[np.bool_]:
        """Which of the rows have a vector."""
        return self._has[rows]

    def vector(self, row: int) -> Vector:
        """One row's vector."""
        return np.asarray(self._values[row])

    def space(self, rows: Rows) -> "DenseColumn":
        """Where the vectors of some rows are compared with others: as they are."""
        return self

    def matrix(self, rows: Rows) -> Matrix:
        """The vectors of some rows, each of which has one, as a matrix."""
        return self._values[rows].astype(np.float64)

    def squares(self, rows: Rows) -> NDArray[np.float64]:
        """The squares of the vectors' lengths [rows]."""
        return self._squares[rows]

    def products(self, rows: Rows, examples: Matrix) -> Matrix:
        """[rows, examples] of rows that have a vector and examples as wide as ``matrix``."""
        return self.matrix(rows) @ examples.T


class SparseColumn:
    """Sparse vectors by row, one after the other; terms are numbered as they come, so that looking
    one up is an index into an array.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._terms = np.zeros(0, np.uint32)  # by number
        self._held = np.zeros(0, np.int32)  # numbers of terms, row after row
        self._weights = np.zeros(0, np.float32)
        self._used = 0
        self._starts = np.zeros(0, np.int32)
        self._lengths = np.zeros(0, np.int32)  # 0 where a title has none
        self._squares = np.zeros(0)  # of the vectors' lengths

    def put(self, first: int, vectors: Sequence[AnyVector | None]) -> None:
        """Vectors of the rows from ``first`` on; None for a title that has none."""
        sparse = [(row, v) for row, v in enumerate(vectors, first) if isinstance(v, SparseVector)]
        room = self._used + sum(len(vector.indices) for _, vector in sparse)
        held, weights = _grown(self._held, room), _grown(self._weights, room)
        rows = first + len(vectors)
        starts, lengths = _grown(self._starts, rows), _grown(self._lengths, rows)
        squares = _grown(self._squares, rows)
        for row, vector in sparse:
            end = self._used + len(vector.indices)
            held[self._used : end] = self._numbered(vector.indices)
            weights[self._used : end] = vector.values
            starts[row], lengths[row] = self._used, len(vector.indices)
            squares[row] = np.square(vector.values, dtype=np.float64).sum()
            self._used = end
        self._held, self._weights, self._squares = held, weights, squares
        self._starts, self._lengths = starts, lengths

    def having(self, rows: Rows) -> NDArray[np.bool_]:
        """Which of the rows have a vector."""
        return self._lengths[rows] > 0

    def vector(self, row: int) -> SparseVector:
        """One row's vector."""
        span = slice(int(self._starts[row]), int(self._starts[row] + self._lengths[row]))
        return SparseVector(self._terms[self._held[span]], self._weights[span])

    def space(self, rows: Rows) -> "TermSpace":
        """The terms of some rows, of which there is one at least and each has a vector: where
        these are compared with others that are in the table by now.
        """
        terms = self.entries(rows)[0]
        if len(rows) > 1:
            terms = np.unique(terms)
        places = np.zeros(len(self._terms), np.int32)
        places[terms] = np.arange(1, len(terms) + 1)
        return TermSpace(self, places, terms)

    def entries(self, rows: Rows) -> tuple[NDArray[np.int32], Vector, NDArray[np.int32]]:
        """Numbers of the terms and weights of some rows, one after the other, and where each row
        ends; there is one row at least, and each has a vector.
        """
        lengths = self._lengths[rows]
        ends = np.cumsum(lengths, dtype=np.int32)
        places = spans(self._starts[rows], lengths, ends)
        return self._held.take(places), self._weights.take(places), ends

    def squares(self, rows: Rows) -> NDArray[np.float64]:
        """The squares of the vectors' lengths [rows]."""
        return self._squares[rows]

    def postings(self, rows: int) -> Postings:
        """The vectors of the first so many rows, turned around, as if each were of length 1."""
        lengths = self._lengths[:rows]
        used = int(lengths.sum())
        units = self._weights[:used] / np.sqrt(np.repeat(self._squares[:rows], lengths))
        owners = np.repeat(np.arange(rows, dtype=np.int32), lengths)
        return Postings.of(self._held[:used], owners, units, rows)

    def _numbered(self, terms: NDArray[np.uint32]) -> list[int]:
        numbers = self._numbers
        found = [numbers.setdefault(term, len(numbers)) for term in terms.tolist()]
        known = _grown(self._terms, len(numbers))
        known[found] = terms
        self._terms = known
        return found


@dataclass(frozen=True, slots=True)
class TermSpace:
    """A space of few terms; ``places`` has their columns by number, and 0, a column of zeros, for
    all other terms.
    """

    column: SparseColumn
    places: NDArray[np.int32]
    terms: NDArray[np.int32]  # their numbers, those of the columns from 1 on

    def matrix(self, rows: Rows) -> Matrix:
        """The vectors of some of the rows whose terms these are, as a matrix."""
        whole = np.zeros((len(rows), len(self.terms) + 1))
        if len(rows):
            terms, weights, ends = self.column.entries(rows)
            owners = np.repeat(np.arange(len(rows)), np.diff(ends, prepend=0))
            whole[owners, self.places.take(terms)] = weights
        return whole

    def products(self, rows: Rows, examples: Matrix) -> Matrix:
        """[rows, examples] of rows that have a vector and examples as wide as ``matrix``."""
        terms, weights, ends = self.column.entries(rows)
        shares = examples.take(self.places.take(terms), axis=1) * weights
        starts = np.concatenate([[0], ends[:-1]])
        return np.asarray(np.add.reduceat(shares, starts, axis=1).T)


Column = DenseColumn | SparseColumn
Space = DenseColumn | TermSpace


def _column(vectors: Iterable[AnyVector | None]) -> Column:
    """An empty column for such vectors."""
    kind = next(vector for vector in vectors if vector is not None)
    return SparseColumn() if isinstance(kind, SparseVector) else DenseColumn(len(kind))


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    """The array, or a larger copy that has room for ``size`` rows."""
    if size <= len(array):
        return array
    larger = np.zeros((max(size, 2 * len(array)), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
