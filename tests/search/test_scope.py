"""Adult titles are left out after the search, and the answer is as full as with a filter."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

import numpy as np
import pytest

from animevec.index.base import Hit, Query, VectorStore
from animevec.search.filters import Terms, compiled
from animevec.search.scope import DECENT, Scope

IDS = [UUID(int=n) for n in range(1, 301)]
DECENTLY = compiled(DECENT)


class Shelf:
    """300 titles, each a little farther from every question than the one before."""

    def __init__(self, adult: Sequence[UUID]) -> None:
        self.adult = frozenset(adult)
        self.asked: list[Query] = []

    def query_batch(self, name: str, queries: Sequence[Query]) -> list[list[Hit]]:
        self.asked += queries
        return [self._hits(query) for query in queries]

    def _hits(self, query: Query) -> list[Hit]:
        ids = [i for i in IDS if query.filter != DECENTLY or i not in self.adult]
        return [Hit(id_, 1 / id_.int) for id_ in ids[: query.limit]]


def found(shelf: Shelf, scope: Scope, limit: int = 20) -> list[UUID]:
    query = Query(np.ones(4, np.float32), "text", limit)
    (hits,) = scope.query(cast(VectorStore, shelf), "titles", [query])
    return [hit.id for hit in hits]


@pytest.mark.parametrize("adults", [0, 5, 15, 150, 295])
def test_the_answer_is_the_filter_s_however_many_adult_titles_are_near(adults: int) -> None:
    shelf = Shelf(IDS[:adults])
    assert found(shelf, Scope(None, shelf.adult)) == IDS[adults : adults + 20]
    assert len(shelf.asked) == (1 if adults <= 15 else 2)


def test_who_wants_adult_titles_gets_them() -> None:
    shelf = Shelf(IDS[:5])
    assert found(shelf, Scope(None, ())) == IDS[:20]


def test_a_filter_goes_along() -> None:
    shelf = Shelf(IDS[:1])
    node = Terms("genres", "any", ("Drama",))
    found(shelf, Scope(node, shelf.adult))
    assert [query.filter for query in shelf.asked] == [compiled(node)]


def test_nothing_asked_is_nothing_found() -> None:
    assert Scope(None, frozenset()).query(cast(VectorStore, Shelf(())), "titles", []) == []
