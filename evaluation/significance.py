"""Intervals and tests over per-query scores; the statistics are SciPy's and statsmodels'."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 5_000
SEED = 20_261_123


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``n`` queries with its 95 % percentile-bootstrap interval."""

    mean: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidate minus baseline over the same queries.

    ``p`` is two-sided from a paired randomisation test (Smucker et al. 2007); ``relative`` is
    the difference over the baseline's mean, NaN where that is 0.
    """

    candidate: float
    baseline: float
    difference: Estimate
    p: float

    @property
    def relative(self) -> float:
        """Relative change, 0.1 for ten per cent."""
        return self.difference.mean / self.baseline if self.baseline else float("nan")


def estimate(scores: Sequence[float]) -> Estimate:
    """Mean and interval; the interval collapses to the mean below two queries."""
    from scipy.stats import bootstrap

    values = np.asarray(scores, dtype=float)
    mean = float(values.mean()) if values.size else float("nan")
    if values.size < 2 or np.ptp(values) == 0:
        return Estimate(mean, mean, mean, int(values.size))
    result = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(SEED),
        batch=max(1, 2_000_000 // values.size),
    )
    low, high = result.confidence_interval
    return Estimate(mean, float(low), float(high), int(values.size))


def compare(candidate: Sequence[float], baseline: Sequence[float]) -> Comparison:
    """Paired comparison; ``candidate[i]`` and ``baseline[i]`` belong to the same query."""
    ours, theirs = np.asarray(candidate, dtype=float), np.asarray(baseline, dtype=float)
    difference = ours - theirs
    return Comparison(
        float(ours.mean()),
        float(theirs.mean()),
        estimate(difference.tolist()),
        _sign_flip(difference),
    )


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down correction (1979): adjusted p by name."""
    from statsmodels.stats.multitest import multipletests

    if not p_values:
        return {}
    adjusted = multipletests(list(p_values.values()), method="holm")[1]
    return dict(zip(p_values, map(float, adjusted), strict=True))


def _sign_flip(difference: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    """Two-sided p of the mean under random sign flips; exact 1 where nothing differs."""
    from scipy.stats import permutation_test

    if difference.size < 2 or not difference.any():
        return 1.0
    result = permutation_test(
        (difference,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
        batch=max(1, 2_000_000 // difference.size),
    )
    return float(result.pvalue)
