"""Points and hits in the server's vocabulary."""

from typing import Any
from uuid import UUID

import numpy as np
from qdrant_client import models

from animevec.encoders.base import SparseVector, Vector
from animevec.index.base import Hit, Point


def point_struct(point: Point) -> models.PointStruct:
    """A point as the server takes it."""
    vectors: dict[str, Any] = {
        name: server_vector(vector) for name, vector in point.vectors.items()
    }
    return models.PointStruct(id=str(point.id), vector=vectors, payload=dict(point.payload))


def server_vector(vector: Vector | SparseVector) -> list[float] | models.SparseVector:
    """One vector as the server takes it."""
    if isinstance(vector, SparseVector):
        return models.SparseVector(indices=vector.indices.tolist(), values=vector.values.tolist())
    values: list[float] = vector.tolist()
    return values


def hit(record: models.ScoredPoint | models.Record, score: float) -> Hit:
    """A record of the server as a hit with the named vectors it carries."""
    found = record.vector if isinstance(record.vector, dict) else {}
    return Hit(
        id=UUID(str(record.id)),
        score=score,
        payload=record.payload or {},
        vectors={name: _vector(value) for name, value in found.items()},
    )


def _vector(value: Any) -> Vector | SparseVector:
    if isinstance(value, models.SparseVector):
        return SparseVector(
            np.asarray(value.indices, dtype=np.uint32), np.asarray(value.values, dtype=np.float32)
        )
    return np.asarray(value, dtype=np.float32)
