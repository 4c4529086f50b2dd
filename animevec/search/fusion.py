"""Many ranked lists into one: by reciprocal ranks, or by a weighted mean of scores.

Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009.  Convex combination of
normalised scores, which keeps what ranks throw away: Bruch, Gai and Ingber, TOIS 2023.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

K = 60
ANCHOR = 100


@dataclass(frozen=True, slots=True)
class ChannelRun:
    """One channel's hits, best first, and the weight it is fused with."""

    name: str
    weight: float
    hits: Sequence[tuple[UUID, float]]

    def without(self, ids: Collection[UUID]) -> "ChannelRun":
        """The run without some titles; those behind them move up."""
        kept = [hit for hit in self.hits if hit[0] not in ids] if ids else self.hits
        return ChannelRun(self.name, self.weight, kept)


@dataclass(frozen=True, slots=True)
class Part:
    """One channel's part in a title: rank from 1, its score, share 0 to 1 of the fused score."""

    name: str
    rank: int
    score: float
    share: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A title, its score and where the score came from."""

    id: UUID
    score: float
    parts: tuple[Part, ...]


Fusion = Callable[[Sequence[ChannelRun], int], list[Ranked]]


def reciprocal(runs: Sequence[ChannelRun], k: int = K) -> list[Ranked]:
    """Sum of weight / (k + rank) over the channels, best first, ties by id.

    Scores are divided by what a title first in every channel would get, so they lie in (0, 1].
    Channels without weight are left out.
    """
    runs = _voting(runs)
    ceiling = sum(run.weight for run in runs) / (k + 1)
    return _summed(
        runs, lambda run: [run.weight / (k + n + 1) for n in range(len(run.hits))], ceiling
    )


def blended(runs: Sequence[ChannelRun], k: int = K) -> list[Ranked]:
    """Weighted mean of the channels' scores, best first, ties by reciprocal rank, then by id.

    In each channel the best hit counts 1 and the hundredth (or last) 0, so that asking for more
    hits does not move the ones before.  Scores lie in [0, 1].
    """
    runs = _voting(runs)
    order = {one.id: place for place, one in enumerate(reciprocal(runs, k))}
    ranked = _summed(runs, _gains, sum(run.weight for run in runs))
    return sorted(ranked, key=lambda one: (-one.score, order[one.id]))


def _voting(runs: Iterable[ChannelRun]) -> list[ChannelRun]:
    return [run for run in runs if run.weight > 0 and run.hits]


def _gains(run: ChannelRun) -> list[float]:
    best, worst = run.hits[0][1], run.hits[:ANCHOR][-1][1]
    if best <= worst:
        return [run.weight] * len(run.hits)
    return [run.weight * max(0.0, score - worst) / (best - worst) for _, score in run.hits]


def _summed(
    runs: Sequence[ChannelRun], gains: Callable[[ChannelRun], list[float]], ceiling: float
) -> list[Ranked]:
    """Titles by the sum of their gains over ``ceiling``; shares are of that sum."""
    found: dict[UUID, list[tuple[str, int, float, float]]] = {}
    for run in runs:
        scored = zip(run.hits, gains(run), strict=True)
        for rank, ((id_, score), gain) in enumerate(scored, start=1):
            found.setdefault(id_, []).append((run.name, rank, score, gain))
    ranked = [_ranked(id_, rows, ceiling) for id_, rows in found.items()]
    return sorted(ranked, key=lambda one: (-one.score, one.id))


def _ranked(id_: UUID, rows: list[tuple[str, int, float, float]], ceiling: float) -> Ranked:
    total = sum(gain for *_, gain in rows)
    parts = tuple(
        Part(name, rank, score, gain / total if total else 1 / len(rows))
        for name, rank, score, gain in rows
    )
    return Ranked(id_, total / ceiling, parts)
