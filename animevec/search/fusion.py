"""Many ranked lists into one: by reciprocal ranks, or by a weighted mean of scores.

Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009.  Convex combination of
normalised scores, which keeps what ranks throw away: Bruch, Gai and Ingber, TOIS 2023.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
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


class Vote(NamedTuple):
    """What a channel says for a title: rank from 1, its score, and what it adds to the sum."""

    name: str
    rank: int
    score: float
    gain: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A title, its score and where the score came from."""

    id: UUID
    score: float
    votes: Sequence[Vote]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The votes with their shares; worked out when read, for few titles reach a page."""
        total = sum(vote.gain for vote in self.votes)
        return tuple(
            Part(name, rank, score, gain / total if total else 1 / len(self.votes))
            for name, rank, score, gain in self.votes
        )


Fusion = Callable[[Sequence[ChannelRun], int], list[Ranked]]


def reciprocal(runs: Sequence[ChannelRun], k: int = K) -> list[Ranked]:
    """Sum of weight / (k + rank) over the channels, best first, ties by id.

    Scores are divided by what a title first in every channel would get, so they lie in (0, 1].
    Channels without weight are left out.
    """
    runs = _voting(runs)
    votes = _votes(runs, [_reciprocals(run, k) for run in runs])
    ceiling = sum(run.weight for run in runs) / (k + 1)
    ranked = [Ranked(id_, _sum(cast) / ceiling, cast) for id_, cast in votes.items()]
    return sorted(ranked, key=lambda one: (-one.score, one.id))


def blended(runs: Sequence[ChannelRun], k: int = K) -> list[Ranked]:
    """Weighted mean of the channels' scores, best first, ties by reciprocal rank, then by id.

    In each channel the best hit counts 1 and the hundredth (or last) 0, so that asking for more
    hits does not move the ones before.  Scores lie in [0, 1].
    """
    runs = _voting(runs)
    votes = _votes(runs, [_gains(run) for run in runs])
    ceiling = sum(run.weight for run in runs)
    ranked = [Ranked(id_, _sum(cast) / ceiling, cast) for id_, cast in votes.items()]
    weights = {run.name: run.weight for run in runs}

    def place(one: Ranked) -> tuple[float, float, UUID]:
        return -one.score, -sum(weights[v.name] / (k + v.rank) for v in one.votes), one.id

    return sorted(ranked, key=place)


def _voting(runs: Iterable[ChannelRun]) -> list[ChannelRun]:
    return [run for run in runs if run.weight > 0 and run.hits]


def _reciprocals(run: ChannelRun, k: int) -> list[float]:
    return [run.weight / (k + rank) for rank in range(1, len(run.hits) + 1)]


def _gains(run: ChannelRun) -> list[float]:
    best, worst = run.hits[0][1], run.hits[:ANCHOR][-1][1]
    if best <= worst:
        return [run.weight] * len(run.hits)
    scale = run.weight / (best - worst)
    return [scale * (score - worst) if score > worst else 0.0 for _, score in run.hits]


def _votes(runs: Sequence[ChannelRun], gains: Sequence[Sequence[float]]) -> dict[UUID, list[Vote]]:
    """Every title's votes, in the order of the channels."""
    found: dict[UUID, list[Vote]] = defaultdict(list)
    for run, worth in zip(runs, gains, strict=True):
        for rank, ((id_, score), gain) in enumerate(zip(run.hits, worth, strict=True), start=1):
            found[id_].append(Vote(run.name, rank, score, gain))
    return found


def _sum(votes: Sequence[Vote]) -> float:
    return sum(vote.gain for vote in votes)
