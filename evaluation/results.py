"""Runs made into figures: means with intervals, comparisons with the default system, slices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from animevec.catalog.record import Anime
from evaluation.calibration import expected_calibration_error
from evaluation.metrics import METRICS
from evaluation.qrels import QuerySet, Task
from evaluation.runner import Run, inside, sliced
from evaluation.significance import Comparison, Estimate, compare, estimate, holm
from evaluation.systems import FULL

SURE = 0.5
LEAST = 10


@dataclass(frozen=True, slots=True)
class Calibration:
    """Stated probabilities of the default system's first ten hits beside what was relevant."""

    error: float
    probabilities: tuple[float, ...] = field(repr=False)
    outcomes: tuple[bool, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetResult:
    """Figures of one set.

    ``systems`` maps a system to its metrics; ``against`` another system to the default's
    comparison with it on the primary metric, ``p`` Holm-corrected over the whole evaluation;
    ``slices`` maps ``slicing=slice`` to each system's primary metric; ``silent`` is the share of
    queries of which the default system says that nothing is a sure match; ``ms`` are the 50th
    and 95th percentile of a query for a hundred hits.
    """

    name: str
    task: Task
    sha256: str
    queries: int
    primary: str
    systems: Mapping[str, Mapping[str, Estimate]]
    against: Mapping[str, Comparison]
    p: Mapping[str, float]
    slices: Mapping[str, Mapping[str, Estimate]]
    calibration: Calibration
    silent: float
    ms: Mapping[str, tuple[float, float]]

    def mean(self, system: str, metric: str | None = None) -> float:
        """A system's mean on a metric, the primary one unless named."""
        return self.systems[system][metric or self.primary].mean

    def verdict(self, other: str) -> str:
        """How the default system stands to another on the primary metric."""
        comparison = self.against[other]
        if self.p[other] >= 0.05:
            return "level"
        return "better" if comparison.difference.mean > 0 else "worse"


def summarise(queries: QuerySet, runs: Sequence[Run], records: Mapping[UUID, Anime]) -> SetResult:
    """Figures of one set; ``p`` not yet corrected."""
    first, primary = runs[0], queries.primary
    answered = any(judged.relevant for judged in queries.queries)
    scored = runs if answered else []
    against = {
        run.system: compare(first.scores[primary], run.scores[primary]) for run in scored[1:]
    }
    return SetResult(
        name=queries.name,
        task=queries.task,
        sha256=queries.sha256,
        queries=len(queries.queries),
        primary=primary,
        systems={r.system: {m: estimate(r.scores[m]) for m in METRICS} for r in scored},
        against=against,
        p={name: comparison.p for name, comparison in against.items()},
        slices={
            label: {r.system: estimate([r.scores[primary][at] for at in places]) for r in scored}
            for label, places in sliced(queries, records).items()
            if answered and LEAST <= len(places) < len(queries.queries)
        },
        calibration=calibrated(queries, first),
        silent=_silent(first),
        ms={r.system: _percentiles(r.ms) for r in runs},
    )


def corrected(results: Sequence[SetResult]) -> list[SetResult]:
    """The results with p-values corrected over all of their comparisons (Holm 1979)."""
    from dataclasses import replace

    every = {f"{r.name}/{s}": p for r in results for s, p in r.p.items()}
    adjusted = holm(every)
    return [replace(r, p={s: adjusted[f"{r.name}/{s}"] for s in r.p}) for r in results]


def calibrated(queries: QuerySet, run: Run) -> Calibration:
    """What the run's first hits were worth; only the default system states probabilities."""
    stated = [
        (belief.probability, belief.id in inside(judged, queries.pool))
        for judged, beliefs in zip(queries.queries, run.beliefs, strict=True)
        for belief in beliefs
    ]
    probabilities = tuple(p for p, _ in stated)
    outcomes = tuple(o for _, o in stated)
    return Calibration(expected_calibration_error(probabilities, outcomes), probabilities, outcomes)


def pooled(results: Sequence[SetResult], task: Task) -> Calibration:
    """The calibration of a task over all of its sets, every hit counting once."""
    found = [r.calibration for r in results if r.task == task]
    probabilities = tuple(p for c in found for p in c.probabilities)
    outcomes = tuple(o for c in found for o in c.outcomes)
    return Calibration(expected_calibration_error(probabilities, outcomes), probabilities, outcomes)


def _silent(run: Run) -> float:
    if run.system != FULL or not run.beliefs:
        return float("nan")
    sure = [any(b.probability >= SURE for b in beliefs) for beliefs in run.beliefs]
    return 1 - float(np.mean(sure))


def _percentiles(ms: Sequence[float]) -> tuple[float, float]:
    if not ms:
        return float("nan"), float("nan")
    return float(np.percentile(ms, 50)), float(np.percentile(ms, 95))
