"""The embedded engine: Qdrant's own storage and search core in this process, one folder each.

One process at a time may hold an index (its write-ahead log is the lock); several processes may
use one store as long as they use different indexes of it, which is how an index is built beside
the one that is served.
"""

# Aliases of the engine's type stubs do not exist when the program runs.
from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import qdrant_edge as edge
from qdrant_client import models

from animevec.errors import Conflict, NotFound
from animevec.index import archive
from animevec.index.admission import (
    admit_facet,
    admit_filter,
    admit_name,
    admit_points,
    admit_query,
    admit_vector_names,
)
from animevec.index.base import Hit, IndexSchema, IndexStats, Point, Query
from animevec.index.edge_config import search_params
from animevec.index.edge_filter import edge_filter
from animevec.index.edge_index import EdgeIndex, State, held, make_index, read_schema, read_state
from animevec.index.edge_points import edge_vector
from animevec.index.pointer import Aliases
from animevec.index.ranking import TIES, complete, ranked, ranked_facet, untied, wider
from animevec.index.sparse_copy import disk_bytes
from animevec.settings import IndexSettings

PAGE = 256


class EmbeddedStore:
    """A :class:`~animevec.index.base.VectorStore` in a folder.

    Raises what the protocol says; in particular ``Conflict`` where another process holds the
    index. Thread-safe.
    """

    def __init__(self, path: Path, settings: IndexSettings | None = None) -> None:
        self._path = path
        self._settings = settings or IndexSettings()
        self._open: dict[str, EdgeIndex] = {}
        self._opening = threading.RLock()
        path.mkdir(parents=True, exist_ok=True)
        self._aliases = Aliases(path / "aliases.json")

    def create(self, name: str, schema: IndexSchema) -> None:
        """An empty index with all its payload indexes; they come before the first point."""
        admit_name(name)
        with self._opening:
            self._refuse_taken(name)
            make_index(self._path / name, schema, self._settings)

    def drop(self, name: str) -> None:
        """Delete an index with its files and aliases; calls still using it fail."""
        with self._opening:
            folder = self._folder(name)
            doomed = self._path / f".dropped-{folder.name}"
            self.let_go(folder.name)
            with held(folder):
                self._aliases.forget(folder.name)
                shutil.rmtree(doomed, ignore_errors=True)
                folder.rename(doomed)
        shutil.rmtree(doomed)

    def names(self) -> list[str]:
        """Every index, by name."""
        return sorted(
            entry.name
            for entry in self._path.iterdir()
            if entry.is_dir() and not entry.name.startswith(".")
        )

    def schema(self, name: str) -> IndexSchema:
        """What an index was created with."""
        return read_schema(self._folder(name))

    def resolve(self, alias: str) -> str | None:
        """The index an alias means, None for no alias."""
        return self._aliases.all().get(alias)

    def switch(self, alias: str, name: str) -> None:
        """Let ``alias`` mean the index ``name`` from the next call on; in other processes from one
        that comes 20 ms later.
        """
        admit_name(alias)
        target = self._folder(name).name
        if (self._path / alias).exists():
            raise Conflict(f"{alias!r} is an index; choose another alias", name=alias)
        with self._opening:
            self._aliases.point(alias, target)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        """Insert or replace whole points; of two with one id in a call the last one wins."""
        index = self._index(name)
        index.upsert(admit_points(index.schema, points))

    def delete(self, name: str, ids: Sequence[UUID]) -> None:
        """Delete points for good; unknown ids are no error."""
        self._index(name).delete(list(ids))

    def flush(self, name: str) -> None:
        """Make everything written so far safe against power loss."""
        self._index(name).flush()

    def let_go(self, name: str) -> None:
        """Flush and close an index, so that another process may hold it; a later call reopens."""
        with self._opening:
            index = self._open.pop(self.resolve(name) or name, None)
            if index is not None:
                index.close()

    def optimize(self, name: str) -> None:
        """Merge, quantise and (from ``graph_from`` points) link, in a child process."""
        self._index(name).optimize()

    def maintain(self, name: str) -> None:
        """Optimise an index if that would pay."""
        if not self._state(name).optimized:
            self.optimize(name)

    def watermark(self, name: str) -> int:
        """The catalogue revision the index has reached; needs no lock."""
        return self._state(name).watermark

    def set_watermark(self, name: str, revision: int) -> None:
        """Flush, then remember the revision: it never runs ahead of the points."""
        self._index(name).flush(watermark=revision)

    def query_batch(self, name: str, queries: Sequence[Query]) -> list[list[Hit]]:
        """Hits of each query, best first, ties by id."""
        index = self._index(name)
        for query in queries:
            admit_query(index.schema, query)
        # The engine reads codes and terms once for queries of one vector that follow each other.
        places = sorted(range(len(queries)), key=lambda at: queries[at].using)
        asked = [self._request(queries[at], queries[at].limit + TIES) for at in places]
        found = dict(zip(places, index.query(asked), strict=True))
        return [self._hits(index, query, found[at]) for at, query in enumerate(queries)]

    def retrieve(
        self, name: str, ids: Sequence[UUID], with_vectors: Sequence[str] = ()
    ) -> list[Hit]:
        """The points of the ids that exist, in the order asked, score 0."""
        index = self._index(name)
        admit_vector_names(index.schema, with_vectors)
        records = index.retrieve(list(dict.fromkeys(ids)), list(with_vectors))
        hits = [index.codec.hit(record, 0.0, with_vectors) for record in records]
        found = {one.id: one for one in hits}
        return [found[id] for id in dict.fromkeys(ids) if id in found]

    def scroll(
        self, name: str, filter: models.Filter | None = None, with_vectors: Sequence[str] = ()
    ) -> Iterator[Hit]:
        """Every point under a filter, by id, score 0."""
        index = self._index(name)
        admit_vector_names(index.schema, with_vectors)
        admit_filter(index.schema, filter)
        return self._pages(index, edge_filter(filter), with_vectors)

    def count(self, name: str, filter: models.Filter | None = None) -> int:
        """Exact number of points under a filter."""
        index = self._index(name)
        admit_filter(index.schema, filter)
        return index.count(edge_filter(filter))

    def facet(
        self, name: str, field: str, filter: models.Filter | None = None, limit: int = 100
    ) -> dict[str, int]:
        """Exact counts of a field's values under a filter, most frequent first, ties by value."""
        index = self._index(name)
        admit_facet(index.schema, field)
        admit_filter(index.schema, filter)
        found = index.facet(
            edge.FacetRequest(field, limit=limit + TIES, exact=True, filter=edge_filter(filter))
        )
        return ranked_facet(
            {index.codec.value(field, one.value): one.count for one in found.hits}, limit
        )

    def stats(self, name: str) -> IndexStats:
        """Size and state; of an index another process holds, as of its last flush."""
        folder = self._folder(name)
        try:
            index = self._index(name)
            points, state = index.count(), index.state
        except Conflict:
            state = read_state(folder)
            points = state.points
        return IndexStats(
            name=folder.name,
            points=points,
            watermark=state.watermark,
            disk_bytes=disk_bytes(folder),
            optimized=state.optimized,
        )

    def snapshot(self, name: str, folder: Path) -> Path:
        """One file with the whole index as of now; reads go on, writes wait."""
        index = self._index(name)
        with index.writing:
            index.flush()
            return archive.pack(self._path / index.name, folder, index.state.watermark)

    def restore(self, name: str, snapshot: Path) -> None:
        """A new index from a snapshot file.

        Raises:
            Conflict: the name is taken.
            InvalidRequest: the file is no snapshot of this engine.
        """
        admit_name(name)
        with self._opening:
            self._refuse_taken(name)
            archive.unpack(snapshot, self._path / name)

    def close(self) -> None:
        """Flush and let go of every index."""
        with self._opening:
            while self._open:
                self._open.popitem()[1].close()

    def _folder(self, name: str) -> Path:
        folder = self._path / (self.resolve(name) or name)
        if not name or name.startswith(".") or not folder.is_dir():
            raise NotFound(
                f"there is no index {name!r}; there are {', '.join(self.names()) or 'none'}",
                name=name,
            )
        return folder

    def _state(self, name: str) -> State:
        """What an index remembers; of one that is not open here, as of its last flush."""
        index = self._open.get(self.resolve(name) or name)
        return index.state if index else read_state(self._folder(name))

    def _index(self, name: str) -> EdgeIndex:
        target = self.resolve(name) or name
        index = self._open.get(target)
        if index is not None:
            return index
        with self._opening:
            if target not in self._open:
                self._open[target] = EdgeIndex(self._folder(name), self._settings)
            return self._open[target]

    def _refuse_taken(self, name: str) -> None:
        if (self._path / name).exists() or self.resolve(name):
            raise Conflict(f"the name {name!r} is taken; drop it or choose another", name=name)

    def _request(self, query: Query, limit: int) -> edge.QueryRequest:
        return edge.QueryRequest(
            limit=limit,
            query=edge.Query.Nearest(edge_vector(query.vector), using=query.using),
            filter=edge_filter(query.filter),
            score_threshold=query.score_threshold,
            params=search_params(self._settings, query),
            with_payload=query.with_payload,
            with_vector=list(query.with_vectors) or False,
        )

    def _hits(self, index: EdgeIndex, query: Query, points: list[edge.ScoredPoint]) -> list[Hit]:
        depth = query.limit + TIES
        scores = [point.score for point in points]
        while not complete(scores, query.limit, depth):
            depth = wider(depth)
            points = index.query([self._request(query, depth)])[0]
            scores = [point.score for point in points]
        if untied(scores):
            return index.codec.hits(points[: query.limit], query)
        return ranked(index.codec.hits(points, query), index.schema, query)

    def _pages(
        self, index: EdgeIndex, filter: edge.Filter | None, names: Sequence[str]
    ) -> Iterator[Hit]:
        offset: edge.PointId | None = None
        while True:
            records, offset = index.scroll(
                edge.ScrollRequest(
                    offset=offset,
                    limit=PAGE,
                    filter=filter,
                    with_payload=True,
                    with_vector=list(names) or False,
                )
            )
            yield from (index.codec.hit(record, 0.0, names) for record in records)
            if offset is None:
                return
