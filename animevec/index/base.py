"""The vocabulary and the protocol both engines implement.

Filters are ``qdrant_client.models.Filter``: the embedded engine translates them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from qdrant_client import models

from animevec.encoders.base import SparseVector, Vector

NOTHING: Mapping[str, Any] = MappingProxyType({})


class PayloadType(StrEnum):
    """How a payload field is indexed, and so which conditions it takes."""

    KEYWORD = "keyword"
    INTEGER = "integer"
    FLOAT = "float"
    BOOL = "bool"


class Distance(StrEnum):
    """Similarity of two dense vectors."""

    COSINE = "cosine"
    DOT = "dot"
    EUCLID = "euclid"


@dataclass(frozen=True, slots=True)
class DenseSpec:
    """A named dense vector."""

    size: int
    distance: Distance = Distance.COSINE


@dataclass(frozen=True, slots=True)
class IndexSchema:
    """Named vectors and payload indexes; a filter on any other field is refused.

    ``idf`` names the sparse vectors whose query weights the engine multiplies by the inverse
    document frequency of each term (BM25); learned sparse weights need none.  ``encoders`` says
    what made the vectors, so that an index tells it wherever it is moved; None where it is not
    known.
    """

    dense: Mapping[str, DenseSpec]
    sparse: tuple[str, ...] = ()
    payload: Mapping[str, PayloadType] = field(default_factory=dict)
    idf: tuple[str, ...] = ()
    encoders: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One title in the index; an absent input is an absent vector, never a zero one."""

    id: UUID
    vectors: Mapping[str, Vector | SparseVector]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """Nearest neighbours of one vector under a filter."""

    vector: Vector | SparseVector
    using: str
    limit: int
    filter: models.Filter | None = None
    score_threshold: float | None = None
    exact: bool = False
    with_payload: bool = False
    with_vectors: tuple[str, ...] = ()


class Hit(NamedTuple):
    """A point found; hits are sorted by score (best first), ties by id."""

    id: UUID
    score: float
    payload: Mapping[str, Any] = NOTHING
    vectors: Mapping[str, Vector | SparseVector] = NOTHING


@dataclass(frozen=True, slots=True)
class IndexStats:
    """Size and state of one index."""

    name: str
    points: int
    watermark: int
    disk_bytes: int
    optimized: bool


class VectorStore(Protocol):
    """Many named indexes and the aliases that point to them.

    Every name may be an index or an alias.  Unknown names raise ``NotFound``, a filter on an
    unindexed field or a vector of the wrong size ``InvalidRequest``, an index that another
    process holds ``Conflict``, an engine that does not answer ``Unavailable``.
    """

    def create(self, name: str, schema: IndexSchema) -> None: ...
    def drop(self, name: str) -> None: ...
    def names(self) -> list[str]: ...
    def schema(self, name: str) -> IndexSchema: ...
    def resolve(self, alias: str) -> str | None: ...
    def switch(self, alias: str, name: str) -> None: ...

    def upsert(self, name: str, points: Sequence[Point]) -> None: ...
    def delete(self, name: str, ids: Sequence[UUID]) -> None: ...
    def flush(self, name: str) -> None: ...
    def let_go(self, name: str) -> None: ...
    def optimize(self, name: str) -> None: ...
    def maintain(self, name: str) -> None: ...
    def watermark(self, name: str) -> int: ...
    def set_watermark(self, name: str, revision: int) -> None: ...

    def query_batch(self, name: str, queries: Sequence[Query]) -> list[list[Hit]]: ...
    def retrieve(
        self, name: str, ids: Sequence[UUID], with_vectors: Sequence[str] = ()
    ) -> list[Hit]: ...
    def scroll(
        self, name: str, filter: models.Filter | None = None, with_vectors: Sequence[str] = ()
    ) -> Iterator[Hit]: ...
    def count(self, name: str, filter: models.Filter | None = None) -> int: ...
    def facet(
        self, name: str, field: str, filter: models.Filter | None = None, limit: int = 100
    ) -> dict[str, int]: ...

    def stats(self, name: str) -> IndexStats: ...
    def snapshot(self, name: str, folder: Path) -> Path: ...
    def restore(self, name: str, snapshot: Path) -> None: ...
    def close(self) -> None: ...
