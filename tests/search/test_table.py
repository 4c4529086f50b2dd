"""The table of traits: what is read once, and products that are those of the vectors."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import numpy as np
import pytest

from animevec.encoders.base import SparseVector
from animevec.search.table import AnyVector, Table, Vectors

IDS = [UUID(int=number) for number in range(60)]


def traits(id_: UUID) -> Vectors:
    """Vectors that depend on the id only; every third title has no words, every fifth no text."""
    chance = np.random.default_rng(id_.int)
    vectors: dict[str, AnyVector] = {}
    if id_.int % 5:
        vectors["text"] = chance.normal(size=8).astype(np.float32)
    if id_.int % 3:
        terms = np.unique(chance.integers(0, 40, 12)).astype(np.uint32) * 100_000_007
        terms = np.sort(terms)
        vectors["words"] = SparseVector(terms, chance.random(len(terms)).astype(np.float32))
    return vectors


class Shelf:
    """Reads traits and remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[UUID] = []

    def read(self, ids: list[UUID]) -> Mapping[UUID, Vectors]:
        self.asked += ids
        return {id_: traits(id_) for id_ in ids if id_.int < 50}


def product(one: AnyVector, other: AnyVector) -> float:
    if isinstance(one, SparseVector) and isinstance(other, SparseVector):
        left = dict(zip(one.indices.tolist(), one.values.tolist(), strict=True))
        right = dict(zip(other.indices.tolist(), other.values.tolist(), strict=True))
        return float(sum(weight * right.get(term, 0.0) for term, weight in left.items()))
    return float(np.dot(one, other))  # type: ignore[arg-type]


def test_each_title_is_read_once_and_unknown_ones_are_left_out() -> None:
    table, shelf = Table(), Shelf()
    first = table.take([*IDS[:20], *IDS[45:55], IDS[3]], shelf.read)
    assert table.ids(first) == [*IDS[:20], *IDS[45:50], IDS[3]]
    assert len(shelf.asked) == 30
    again = table.take(IDS[10:30], shelf.read)
    assert table.ids(again) == IDS[10:30]
    assert shelf.asked[30:] == IDS[20:30]
    assert len(table) == 35
    assert table.ids(table.known([IDS[40], IDS[2]])) == [IDS[2]]


def test_rows_keep_their_vectors_while_the_table_grows() -> None:
    table, shelf = Table(), Shelf()
    rows = [int(table.take([id_], shelf.read)[0]) for id_ in IDS[:50]]
    for row, id_ in zip(rows, IDS[:50], strict=True):
        for name in ("text", "words"):
            column = table.column(name)
            assert column is not None
            assert bool(column.having(np.array([row]))[0]) is (name in traits(id_))
            if name in traits(id_):
                kept, given = column.vector(row), traits(id_)[name]
                assert type(kept) is type(given)
                assert product(kept, given) == pytest.approx(product(given, given))


@pytest.mark.parametrize("name", ["text", "words"])
def test_products_and_lengths_are_those_of_the_vectors(name: str) -> None:
    table = Table()
    every = table.take(IDS[:50], Shelf().read)
    column = table.column(name)
    assert column is not None
    rows = every[column.having(every)]
    asked = rows[[3, 0, 5]]
    space = column.space(asked)
    products = space.products(rows, space.matrix(asked))
    squares = column.squares(rows)
    for at, row in enumerate(rows.tolist()):
        mine = column.vector(row)
        assert squares[at] == pytest.approx(product(mine, mine), rel=1e-6)
        for place, other in enumerate(asked.tolist()):
            expected = product(mine, column.vector(other))
            assert products[at, place] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["text", "words"])
def test_no_example_is_a_matrix_without_rows(name: str) -> None:
    table = Table()
    rows = table.take(IDS[1:3], Shelf().read)
    column = table.column(name)
    assert column is not None
    rows = rows[column.having(rows)]
    space = column.space(rows)
    assert space.matrix(rows[:0]).shape == (0, space.matrix(rows).shape[1])


def test_threads_that_read_the_same_titles_add_them_once() -> None:
    table, shelf = Table(), Shelf()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda at: table.take(IDS[at : at + 30], shelf.read), range(20)))
    assert len(table) == 49
    for at, rows in enumerate(found):
        assert table.ids(rows) == IDS[at : at + 30]


def test_what_was_read_before_it_was_forgotten_is_read_again() -> None:
    table, shelf = Table(), Shelf()
    (old,) = table.take(IDS[:1], shelf.read)

    def read(ids: list[UUID]) -> Mapping[UUID, Vectors]:
        if len(shelf.asked) < 3:
            table.forget(IDS[:2])  # somebody learns of a change just now
        return shelf.read(ids)

    assert table.ids(table.take(IDS[:3], read)) == IDS[:3]
    assert shelf.asked == [IDS[0], *IDS[1:3], *IDS[:3]]
    assert table.gone.tolist() == [old]
