"""The server engine: a Qdrant server or cluster by URL behind the same protocol.

A collection describes itself: its schema is its own configuration and payload indexes, its
watermark and encoders are keys of its metadata, so any client sees the same state.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
from cachetools import TTLCache
from qdrant_client import QdrantClient, models

from animevec.errors import Conflict, DeadlineExceeded, InvalidRequest, NotFound, Unavailable
from animevec.index.admission import (
    admit_facet,
    admit_filter,
    admit_name,
    admit_points,
    admit_query,
    admit_vector_names,
)
from animevec.index.base import Hit, IndexSchema, IndexStats, Point, Query
from animevec.index.ranges import tightened
from animevec.index.ranking import TIES, complete, ranked, ranked_facet, wider
from animevec.index.server_config import (
    WATERMARK,
    collection,
    field_params,
    is_index,
    schema_of,
    search_params,
)
from animevec.index.server_errors import ask, repeatable
from animevec.index.server_patience import COPYING, WRITING, Patience, limited, reading
from animevec.index.server_points import hit, point_struct, server_vector
from animevec.index.server_snapshots import download, upload
from animevec.settings import IndexSettings

T = TypeVar("T")

PAGE = 256
SCHEMA_SECONDS = 5.0
POLL_SECONDS = 0.5


class ServerStore:
    """A :class:`~animevec.index.base.VectorStore` on a Qdrant server; thread-safe.

    ``optimize_timeout_s`` bounds the wait for a green collection; ``transport`` replaces the
    network in tests.
    """

    def __init__(
        self,
        settings: IndexSettings,
        *,
        optimize_timeout_s: float = 3600.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not settings.url:
            raise InvalidRequest(
                "the server engine needs a URL; set index.url, or index.engine to embedded"
            )
        self._settings = settings
        self._optimize_timeout_s = optimize_timeout_s
        self._client = QdrantClient(
            url=settings.url,
            api_key=settings.api_key.get_secret_value() or None,
            check_compatibility=False,
            transport=transport,
        )
        self._client.http.client.add_middleware(limited)
        self._reading = reading(settings.timeout_s)
        self._schemas: TTLCache[str, IndexSchema] = TTLCache(1024, SCHEMA_SECONDS)

    def create(self, name: str, schema: IndexSchema) -> None:
        """An empty collection with all its payload indexes; they come before the first point."""
        admit_name(name)
        self._refuse_taken(name)
        arguments = collection(schema, self._settings)
        self._ask(
            name,
            repeatable(lambda: self._client.create_collection(name, **arguments)),
            WRITING,
        )
        for field, kind in schema.payload.items():
            self._index_field(name, field, field_params(field, kind))

    def drop(self, name: str) -> None:
        """Delete a collection with its aliases."""
        target = self._target(name)
        self._schemas.clear()
        self._ask(name, lambda: self._client.delete_collection(target), WRITING)

    def names(self) -> list[str]:
        """Every index, by name; a server may hold collections of others too."""
        return [name for name in self._collections() if self._is_index(name)]

    def schema(self, name: str) -> IndexSchema:
        """What an index was created with; looked up again after five seconds."""
        known = self._schemas.get(name)
        if known is None:
            known = self._schemas[name] = schema_of(name, self._info(name))
        return known

    def resolve(self, alias: str) -> str | None:
        """The index an alias means, None for no alias."""
        return self._aliases().get(alias)

    def switch(self, alias: str, name: str) -> None:
        """Let ``alias`` mean the index ``name``, in one atomic operation of the server."""
        admit_name(alias)
        target = self._target(name)
        if alias in self._collections():
            raise Conflict(f"{alias!r} is an index; choose another alias", name=alias)
        changes: list[models.AliasOperations] = [
            models.CreateAliasOperation(
                create_alias=models.CreateAlias(collection_name=target, alias_name=alias)
            )
        ]
        if self.resolve(alias) is not None:
            gone = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
            changes.insert(0, gone)
        self._ask(name, lambda: self._client.update_collection_aliases(changes), WRITING)
        self._schemas.clear()

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        """Insert or replace whole points; of two with one id in a call the last one wins."""
        admitted = admit_points(self.schema(name), points)
        for start in range(0, len(admitted), self._settings.batch_points):
            batch = admitted[start : start + self._settings.batch_points]
            self._upsert([point_struct(point) for point in batch], name)

    def delete(self, name: str, ids: Sequence[UUID]) -> None:
        """Delete points for good; unknown ids are no error."""
        doomed = models.PointIdsList(points=[str(id) for id in ids])
        self._ask(name, lambda: self._client.delete(name, doomed, wait=True), WRITING)

    def flush(self, name: str) -> None:
        """Nothing to do: a server answers a write when it is in its log."""
        self._info(name)

    def let_go(self, name: str) -> None:
        """Nothing to do: any number of clients may use a collection."""

    def optimize(self, name: str) -> None:
        """Wait until the server's own optimisers are done.

        Raises:
            DeadlineExceeded: they are not, after ``optimize_timeout_s``.
            Unavailable: an optimiser failed.
        """
        deadline = time.monotonic() + self._optimize_timeout_s
        while not self._optimized(name):
            if time.monotonic() > deadline:
                raise DeadlineExceeded(
                    f"index {name!r} is not optimised after {self._optimize_timeout_s:.0f} s; "
                    "it keeps working on it, ask again later",
                    name=name,
                )
            time.sleep(POLL_SECONDS)

    def maintain(self, name: str) -> None:
        """See that the server's optimisers work, without waiting for them.

        Raises:
            Unavailable: an optimiser failed.
        """
        self._optimized(name)

    def watermark(self, name: str) -> int:
        """The catalogue revision the index has reached."""
        metadata = self._info(name).config.metadata or {}
        return int(metadata.get(WATERMARK, 0))

    def set_watermark(self, name: str, revision: int) -> None:
        """Remember the revision in the collection's metadata."""
        target = self._target(name)
        self._ask(
            name,
            lambda: self._client.update_collection(target, metadata={WATERMARK: revision}),
            WRITING,
        )

    def query_batch(self, name: str, queries: Sequence[Query]) -> list[list[Hit]]:
        """Hits of each query, best first, ties by id."""
        schema = self.schema(name)
        for query in queries:
            admit_query(schema, query)
        depths = [query.limit + TIES for query in queries]
        found = self._query(name, list(zip(queries, depths, strict=True)))
        return [
            self._hits(name, schema, query, points)
            for query, points in zip(queries, found, strict=True)
        ]

    def retrieve(
        self, name: str, ids: Sequence[UUID], with_vectors: Sequence[str] = ()
    ) -> list[Hit]:
        """The points of the ids that exist, in the order asked, score 0."""
        admit_vector_names(self.schema(name), with_vectors)
        wanted = list(dict.fromkeys(ids))
        records = self._ask(
            name,
            lambda: self._client.retrieve(
                name,
                [str(id) for id in wanted],
                with_payload=True,
                with_vectors=list(with_vectors) or False,
            ),
        )
        found = {one.id: one for one in (hit(record, 0.0) for record in records)}
        return [found[id] for id in wanted if id in found]

    def scroll(
        self, name: str, filter: models.Filter | None = None, with_vectors: Sequence[str] = ()
    ) -> Iterator[Hit]:
        """Every point under a filter, by id, score 0."""
        schema = self.schema(name)
        admit_vector_names(schema, with_vectors)
        admit_filter(schema, filter)
        return self._pages(name, tightened(filter), with_vectors)

    def count(self, name: str, filter: models.Filter | None = None) -> int:
        """Exact number of points under a filter."""
        admit_filter(self.schema(name), filter)
        kept = tightened(filter)
        found = self._ask(name, lambda: self._client.count(name, count_filter=kept, exact=True))
        return found.count

    def facet(
        self, name: str, field: str, filter: models.Filter | None = None, limit: int = 100
    ) -> dict[str, int]:
        """Exact counts of a field's values under a filter, most frequent first, ties by value."""
        schema = self.schema(name)
        admit_facet(schema, field)
        admit_filter(schema, filter)
        kept = tightened(filter)
        found = self._ask(
            name,
            lambda: self._client.facet(
                name, field, facet_filter=kept, limit=limit + TIES, exact=True
            ),
        )
        return ranked_facet({one.value: one.count for one in found.hits}, limit)

    def stats(self, name: str) -> IndexStats:
        """Size and state; a server does not say how much disk a collection takes: 0."""
        info = self._info(name)
        return IndexStats(
            name=self._target(name),
            points=self.count(name),
            watermark=int((info.config.metadata or {}).get(WATERMARK, 0)),
            disk_bytes=0,
            optimized=info.status is models.CollectionStatus.GREEN,
        )

    def snapshot(self, name: str, folder: Path) -> Path:
        """One file with the whole collection as of now, downloaded from the server."""
        target = self._target(name)
        path = folder / f"{target}-{self.watermark(target)}.snapshot"
        return self._ask(name, lambda: download(self._client, target, path), COPYING)

    def restore(self, name: str, snapshot: Path) -> None:
        """A new collection from a snapshot file, uploaded to the server.

        Raises:
            Conflict: the name is taken.
            NotFound: there is no such file.
        """
        admit_name(name)
        self._refuse_taken(name)
        if not snapshot.is_file():
            raise NotFound(f"there is no snapshot {snapshot}", path=str(snapshot))
        self._ask(name, lambda: upload(self._client, name, snapshot), COPYING)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, name: str, call: Callable[[], T], patience: Patience | None = None) -> T:
        return ask(name, call, patience or self._reading)

    def _info(self, name: str) -> models.CollectionInfo:
        return self._ask(name, lambda: self._client.get_collection(name))

    def _collections(self) -> list[str]:
        found = self._ask("", self._client.get_collections)
        return sorted(one.name for one in found.collections)

    def _is_index(self, name: str) -> bool:
        try:
            return is_index(self._info(name))
        except NotFound:  # dropped since it was listed
            return False

    def _optimized(self, name: str) -> bool:
        info = self._info(name)
        state = info.optimizer_status
        fault = state.error if isinstance(state, models.OptimizersStatusOneOf1) else ""
        if fault or info.status is models.CollectionStatus.RED:
            raise Unavailable(
                f"an optimiser of index {name!r} failed: {fault or 'its status is red'}; "
                "look at the log of Qdrant, restart it or build again",
                name=name,
            )
        if info.status is models.CollectionStatus.GREY:
            self._wake(name)
        return info.status is models.CollectionStatus.GREEN

    def _wake(self, name: str) -> None:
        """After a restart a server optimises only from the next change on, were it an empty one."""
        target, nothing = self._target(name), models.OptimizersConfigDiff()
        self._ask(
            name,
            lambda: self._client.update_collection(target, optimizers_config=nothing),
            WRITING,
        )

    def _aliases(self) -> dict[str, str]:
        found = self._ask("", self._client.get_aliases)
        return {one.alias_name: one.collection_name for one in found.aliases}

    def _target(self, name: str) -> str:
        """The collection behind a name or alias; admin operations do not follow aliases."""
        target = self.resolve(name) or name
        if target not in self._collections():
            raise NotFound(
                f"there is no index {name!r}; there are {', '.join(self.names()) or 'none'}",
                name=name,
            )
        self.schema(target)  # refuses a collection of somebody else
        return target

    def _refuse_taken(self, name: str) -> None:
        if name in self._collections() or self.resolve(name):
            raise Conflict(f"the name {name!r} is taken; drop it or choose another", name=name)

    def _index_field(self, name: str, field: str, params: models.PayloadSchemaParams) -> None:
        self._ask(
            name,
            lambda: self._client.create_payload_index(name, field, field_schema=params, wait=True),
            WRITING,
        )

    def _upsert(self, points: list[models.PointStruct], name: str) -> None:
        self._ask(name, lambda: self._client.upsert(name, points, wait=True), WRITING)

    def _query(
        self, name: str, queries: Sequence[tuple[Query, int]]
    ) -> list[list[models.ScoredPoint]]:
        requests = [
            models.QueryRequest(
                query=server_vector(query.vector),
                using=query.using,
                filter=tightened(query.filter),
                params=search_params(self._settings, query),
                score_threshold=query.score_threshold,
                limit=depth,
                with_payload=query.with_payload,
                with_vector=list(query.with_vectors) or False,
            )
            for query, depth in queries
        ]
        found = self._ask(name, lambda: self._client.query_batch_points(name, requests))
        return [one.points for one in found]

    def _hits(
        self, name: str, schema: IndexSchema, query: Query, points: list[models.ScoredPoint]
    ) -> list[Hit]:
        depth = query.limit + TIES
        while not complete([point.score for point in points], query.limit, depth):
            depth = wider(depth)
            points = self._query(name, [(query, depth)])[0]
        return ranked([hit(point, point.score) for point in points], schema, query)

    def _pages(
        self, name: str, filter: models.Filter | None, names: Sequence[str]
    ) -> Iterator[Hit]:
        offset: Any = None
        while True:
            records, offset = self._page(name, filter, names, offset)
            yield from (hit(record, 0.0) for record in records)
            if offset is None:
                return

    def _page(
        self, name: str, filter: models.Filter | None, names: Sequence[str], offset: Any
    ) -> tuple[list[models.Record], Any]:
        return self._ask(
            name,
            lambda: self._client.scroll(
                name,
                scroll_filter=filter,
                limit=PAGE,
                offset=offset,
                with_payload=True,
                with_vectors=list(names) or False,
            ),
        )
