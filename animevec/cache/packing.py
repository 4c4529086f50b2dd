"""An embedding as bytes: a JSON head that names the arrays, then the arrays themselves."""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import Embedding, SparseVector

_TYPES = {"dense": "<f4", "colbert": "<f4", "spans": "<i4", "indices": "<u4", "values": "<f4"}


def packed(embedding: Embedding) -> bytes | None:
    """The bytes of an embedding; None for one with a number that is not finite."""
    arrays = dict(_arrays(embedding))
    if not all(np.isfinite(array).all() for array in arrays.values()):
        return None
    shapes = {name: list(array.shape) for name, array in arrays.items()}
    head = json.dumps({"tokens": embedding.tokens, "shapes": shapes}).encode()
    bodies = [array.astype(_TYPES[name]).tobytes() for name, array in arrays.items()]
    return b"".join((len(head).to_bytes(4, "little"), head, *bodies))


def unpacked(data: bytes) -> Embedding | None:
    """The embedding, its arrays read-only; None for bytes that are none."""
    try:
        end = 4 + int.from_bytes(data[:4], "little")
        head = json.loads(data[4:end])
        arrays: dict[str, NDArray[Any]] = {}
        for name, shape in head["shapes"].items():
            count = math.prod(shape)
            flat = np.frombuffer(data, _TYPES[name], count, end)
            arrays[name] = flat.reshape(shape)
            end += flat.nbytes
        sparse = None
        if "indices" in arrays:
            sparse = SparseVector(arrays["indices"], arrays["values"])
        dense, colbert = arrays.get("dense"), arrays.get("colbert")
        return Embedding(int(head["tokens"]), dense, sparse, colbert, arrays.get("spans"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _arrays(embedding: Embedding) -> Iterator[tuple[str, NDArray[Any]]]:
    if embedding.dense is not None:
        yield "dense", embedding.dense
    if embedding.colbert is not None:
        yield "colbert", embedding.colbert
    if embedding.spans is not None:
        yield "spans", embedding.spans
    if embedding.sparse is not None:
        yield "indices", embedding.sparse.indices
        yield "values", embedding.sparse.values
