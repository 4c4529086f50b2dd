"""How the index's similarities agree with people's, by rank correlation over graded pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray

from animevec.encoders.base import SparseVector
from animevec.index.base import VectorStore
from animevec.index.document import TEXT
from evaluation.sets.shared import Pair
from evaluation.significance import RESAMPLES, SEED, Estimate

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Spearman correlations: the index with the grades (of all pairs, and of those with votes),
    and the two sources of votes with each other where both have some.
    """

    pairs: Estimate
    voted: Estimate
    people: Estimate


def agreement(store: VectorStore, index: str, pairs: Sequence[Pair]) -> Agreement:
    """Correlations over the pairs whose titles are both indexed."""
    wanted = sorted({i for pair in pairs for i in (pair.a, pair.b)})
    vectors = {hit.id: hit.vectors.get(TEXT) for hit in store.retrieve(index, wanted, (TEXT,))}
    known = [p for p in pairs if _dense(vectors.get(p.a)) and _dense(vectors.get(p.b))]
    likeness = np.array([_cosine(vectors[p.a], vectors[p.b]) for p in known])
    grades = np.array([p.grade for p in known])
    voted = grades > 0
    both = np.array([p.votes for p in pairs if min(p.votes) > 0]).reshape(-1, 2)
    return Agreement(
        rank_correlation(likeness, grades),
        rank_correlation(likeness[voted], grades[voted]),
        rank_correlation(both[:, 0], both[:, 1]),
    )


def rank_correlation(a: Numbers, b: Numbers) -> Estimate:
    """Spearman's rho with its 95 % percentile-bootstrap interval; NaN below three pairs."""
    from scipy.stats import bootstrap, spearmanr

    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return Estimate(float("nan"), float("nan"), float("nan"), len(a))
    with catch_warnings():
        simplefilter("ignore")  # a resample of few pairs may be constant
        result = bootstrap(
            (a, b),
            lambda x, y: spearmanr(x, y).statistic,
            paired=True,
            vectorized=False,
            n_resamples=RESAMPLES // 5,
            method="percentile",
            rng=np.random.default_rng(SEED),
        )
    low, high = result.confidence_interval
    return Estimate(float(spearmanr(a, b).statistic), float(low), float(high), len(a))


def _dense(vector: object) -> bool:
    return vector is not None and not isinstance(vector, SparseVector)


def _cosine(a: object, b: object) -> float:
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))
