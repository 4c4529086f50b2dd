"""What hits must satisfy: a filter of the index, and no adult title where none is wanted.

Few titles are adult.  To have the index check every point for it takes as long as to compare the
vectors; so a few hits more are asked for and the adult ones left out, and only where too many
were among them is the index asked again, with the filter.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from animevec.index.base import Hit, Query, VectorStore
from animevec.search.filters import Node, Terms, both, compiled
from animevec.search.request import Search
from animevec.search.view import CatalogueView

DECENT = Terms("nsfw", "none", (True,))


def unwanted(search: Search, view: CatalogueView) -> Collection[UUID]:
    """The titles that a search must not bring, whatever their names or looks."""
    return view.adult if search.nsfw == "exclude" else ()


@dataclass(frozen=True, slots=True)
class Scope:
    """``unwanted`` are the adult titles; none where they may come."""

    node: Node | None
    unwanted: Collection[UUID]

    def query(self, store: VectorStore, index: str, queries: Sequence[Query]) -> list[list[Hit]]:
        """What ``query_batch`` finds in this scope; the queries need no filter of their own."""
        if not queries:
            return []
        where = compiled(self.node)
        if not self.unwanted:
            return store.query_batch(index, [replace(one, filter=where) for one in queries])
        more = [replace(one, filter=where, limit=_more(one.limit)) for one in queries]
        found = store.query_batch(index, more)
        answers = [
            [hit for hit in hits if hit.id not in self.unwanted][: one.limit]
            for one, hits in zip(queries, found, strict=True)
        ]
        self._refill(store, index, answers, dict(_short(queries, found, answers)))
        return answers

    def _refill(
        self,
        store: VectorStore,
        index: str,
        answers: list[list[Hit]],
        short: Mapping[int, Query],
    ) -> None:
        if not short:
            return
        where = compiled(both(self.node, DECENT))
        again = store.query_batch(index, [replace(one, filter=where) for one in short.values()])
        for at, hits in zip(short, again, strict=True):
            answers[at] = hits


def _more(limit: int) -> int:
    return limit + limit // 4 + 10


def _short(
    queries: Sequence[Query], found: Sequence[list[Hit]], answers: Sequence[list[Hit]]
) -> Iterator[tuple[int, Query]]:
    """The queries whose answer lacks hits that the index has."""
    for at, (query, hits, answer) in enumerate(zip(queries, found, answers, strict=True)):
        if len(answer) < query.limit and len(hits) == _more(query.limit):
            yield at, query
