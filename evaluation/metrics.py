"""Ranking metrics of one query: a ranked list of ids against graded judgements.

Grades are non-negative; an id that is not judged has grade 0.  Every function returns a
number in [0, 1], and 0 where nothing is relevant.
"""

from collections.abc import Callable, Mapping, Sequence
from math import log2
from uuid import UUID

Relevant = Mapping[UUID, float]
Metric = Callable[[Sequence[UUID], Relevant], float]


def dcg(grades: Sequence[float]) -> float:
    """Discounted cumulative gain with exponential gain (Burges et al. 2005, eq. 10)."""
    return float(sum((2.0**grade - 1.0) / log2(rank + 2) for rank, grade in enumerate(grades)))


def ndcg(ranked: Sequence[UUID], relevant: Relevant, k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first ``k``."""
    ideal = dcg(sorted(relevant.values(), reverse=True)[:k])
    return dcg([relevant.get(i, 0.0) for i in ranked[:k]]) / ideal if ideal else 0.0


def recall(ranked: Sequence[UUID], relevant: Relevant, k: int = 100) -> float:
    """Share of the relevant ids found among the first ``k``."""
    wanted = {i for i, grade in relevant.items() if grade > 0}
    return len(wanted.intersection(ranked[:k])) / len(wanted) if wanted else 0.0


def reciprocal_rank(ranked: Sequence[UUID], relevant: Relevant, k: int = 100) -> float:
    """One over the rank of the first relevant id among the first ``k``."""
    hits = (rank for rank, i in enumerate(ranked[:k], 1) if relevant.get(i, 0.0) > 0)
    first = next(hits, None)
    return 1.0 / first if first else 0.0


def success(ranked: Sequence[UUID], relevant: Relevant, k: int = 1) -> float:
    """1 when one of the first ``k`` has the highest grade of the query, else 0."""
    best = max(relevant.values(), default=0.0)
    return float(best > 0 and any(relevant.get(i, 0.0) == best for i in ranked[:k]))


METRICS: dict[str, Metric] = {
    "ndcg@10": ndcg,
    "recall@100": recall,
    "mrr": reciprocal_rank,
    "success@1": success,
}
