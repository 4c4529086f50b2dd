"""From token vectors to the vector of an item: cut to the Matryoshka size, then normalise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import Vector
from animevec.errors import ModelError


def unit(vectors: NDArray[Any]) -> Vector:
    """Rows of unit length; raises ``ModelError`` for NaN, infinity or a zero row.

    A zero vector would be near everything and nothing, so it is an error, not a result.
    """
    rows = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    if not np.isfinite(norms).all():
        raise ModelError("the model returned NaN or infinity for this item")
    if (norms == 0).any():
        raise ModelError("the model returned a zero vector for this item")
    scaled: Vector = rows / norms
    return scaled


def cut(vector: NDArray[Any], dimensions: int | None) -> Vector:
    """The first ``dimensions`` components, normalised afterwards (arXiv 2205.13147, 3.1)."""
    return unit(vector[..., :dimensions])
