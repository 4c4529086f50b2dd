"""Points and hits in the embedded engine's own types, and the one place its errors are read."""

# Aliases of the engine's type stubs do not exist when the program runs.
from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import qdrant_edge as edge

from animevec.encoders.base import SparseVector, Vector
from animevec.errors import AnimevecError, Conflict, InvalidRequest, NotFound, Unavailable
from animevec.index.base import NOTHING, Hit, IndexSchema, PayloadType, Point, Query


@contextmanager
def engine_errors(name: str) -> Iterator[None]:
    """Turn the engine's errors, which are all plain ``Exception``, into ours by their words."""
    try:
        yield
    except Exception as error:  # the engine raises nothing narrower
        if type(error) is not Exception:
            raise
        raise _translated(name, str(error)) from error


def held_elsewhere(name: str) -> Conflict:
    """What to say of an index that another process holds."""
    return Conflict(
        f"index {name!r} is held by another process; stop that process, or let the service "
        "that holds it do the work (it follows the catalogue by itself)",
        index=name,
    )


class PointCodec:
    """Points and hits of one schema.

    The engine's bindings (0.9.0) turn a boolean in a condition into an integer, which no boolean
    matches; so booleans are stored as 0 and 1 under an integer index.
    """

    def __init__(self, schema: IndexSchema) -> None:
        self._booleans = [key for key, kind in schema.payload.items() if kind is PayloadType.BOOL]

    def point(self, point: Point) -> edge.Point:
        """A point the engine takes."""
        vectors = {name: edge_vector(vector) for name, vector in point.vectors.items()}
        return edge.Point(point.id, vectors, self._recoded(point.payload, int))

    def hit(
        self, record: edge.ScoredPoint | edge.Record, score: float, names: Sequence[str]
    ) -> Hit:
        """A record of the engine as a hit with the named vectors it has."""
        id: Any = record.id  # a UUID, as it was written
        payload = record.payload
        recoded = self._recoded(payload, bool) if payload else NOTHING
        if not names:
            return Hit(id, score, recoded)
        found = record.vector if isinstance(record.vector, dict) else {}
        vectors = {name: _vector(found[name]) for name in names if name in found}
        return Hit(id, score, recoded, vectors)

    def hits(self, points: Sequence[edge.ScoredPoint], query: Query) -> list[Hit]:
        """Points as hits with what the query wants of them; reading it takes longer than finding
        them.
        """
        if query.with_payload or query.with_vectors:
            return [self.hit(point, point.score, query.with_vectors) for point in points]
        ids: list[Any] = [point.id for point in points]  # UUIDs, as they were written
        return [Hit(id, point.score) for id, point in zip(ids, points, strict=True)]

    def value(self, key: str, value: str | int | bool) -> str | int | bool:
        """One payload value as it was given."""
        return bool(value) if key in self._booleans else value

    def _recoded(self, payload: Mapping[str, Any], kind: type) -> dict[str, Any]:
        recoded = dict(payload)
        for key in self._booleans:
            if recoded.get(key) is not None:
                recoded[key] = kind(recoded[key])
        return recoded


def edge_vector(vector: Vector | SparseVector) -> Any:
    """One vector the engine takes; float arrays convert fastest as ``array('f')``."""
    if isinstance(vector, SparseVector):
        return edge.SparseVector(vector.indices.tolist(), vector.values.tolist())
    return array("f", np.ascontiguousarray(vector, dtype=np.float32).tobytes())


def _vector(value: Any) -> Vector | SparseVector:
    if isinstance(value, edge.SparseVector):
        return SparseVector(
            np.asarray(value.indices, dtype=np.uint32), np.asarray(value.values, dtype=np.float32)
        )
    return np.asarray(value, dtype=np.float32)


def _translated(name: str, message: str) -> AnimevecError:
    if "WouldBlock" in message:
        return held_elsewhere(name)
    if "does not exist" in message:
        return NotFound(
            f"index {name!r} has no files; rebuild it: animevec index build", index=name
        )
    if "dimension error" in message or "Not existing vector" in message:
        return InvalidRequest(f"index {name!r}: {message}", index=name)
    return Unavailable(
        f"index {name!r} failed: {message}; restore a snapshot or rebuild it: animevec index build",
        index=name,
    )
