"""How the engine's likeness agrees with people's, by rank correlation over graded pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray

from animevec.search.engine import SearchEngine
from evaluation.sets.shared import Pair
from evaluation.significance import RESAMPLES, SEED, Estimate

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Spearman correlations: the engine with the grades (of all pairs, and of those with votes),
    and the two sources of votes with each other where both have some.
    """

    pairs: Estimate
    voted: Estimate
    people: Estimate


def agreement(engine: SearchEngine, pairs: Sequence[Pair]) -> Agreement:
    """Correlations over the pairs whose titles are both indexed."""
    scores = engine.likeness([(pair.a, pair.b) for pair in pairs])
    known = [(score, p) for score, p in zip(scores, pairs, strict=True) if score is not None]
    likeness = np.array([score for score, _ in known])
    grades = np.array([p.grade for _, p in known])
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
