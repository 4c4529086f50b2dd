"""How near two embeddings of one model are, by each head and by mixes of them."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from animevec.encoders.base import Embedding, SparseVector, Vector
from animevec.errors import InvalidRequest

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Weights:
    """Shares of the heads in a mixed score; a head with weight 0 need not be encoded."""

    dense: float = 0.4
    sparse: float = 0.2
    colbert: float = 0.4


def dense_score(query: Vector, passage: Vector) -> float:
    """Cosine of two unit vectors, -1..1."""
    return float(query @ passage)


def lexical_score(query: SparseVector, passage: SparseVector) -> float:
    """Sum over shared tokens of the product of their weights, 0 or more."""
    _, left, right = np.intersect1d(query.indices, passage.indices, return_indices=True)
    return float(query.values[left].astype(np.float64) @ passage.values[right])


def colbert_score(query: Vector, passage: Vector) -> float:
    """Mean over query tokens of the best cosine with any passage token (arXiv 2402.03216, 3.1)."""
    return float((query @ passage.T).max(axis=1).mean())


def mixed_score(query: Embedding, passage: Embedding, weights: Weights | None = None) -> float:
    """Weighted mean of the heads' scores, as FlagEmbedding's ``compute_score`` (0.4, 0.2, 0.4).

    Raises ``InvalidRequest`` when a head with a weight was not encoded, or all weights are 0.
    """
    shares = weights or Weights()
    total = shares.dense + shares.sparse + shares.colbert
    if total <= 0:
        raise InvalidRequest("all weights of the mixed score are 0; give one head a share")
    score = 0.0
    if shares.dense:
        score += shares.dense * dense_score(*_both("dense", query.dense, passage.dense))
    if shares.sparse:
        score += shares.sparse * lexical_score(*_both("sparse", query.sparse, passage.sparse))
    if shares.colbert:
        score += shares.colbert * colbert_score(*_both("colbert", query.colbert, passage.colbert))
    return score / total


def _both(head: str, query: V | None, passage: V | None) -> tuple[V, V]:
    if query is None or passage is None:
        raise InvalidRequest(f"the mixed score needs the {head} head of both texts")
    return query, passage
