"""Many ranked lists into one: by reciprocal ranks, or by a weighted mean of scores.

Reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009.  Convex combination of
normalised scores, which keeps what ranks throw away: Bruch, Gai and Ingber, TOIS 2023.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, count
from operator import itemgetter, ne
from typing import NamedTuple, Protocol
from uuid import UUID

from animevec.search.response import ChannelHit

K = 60
ANCHOR = 100
_SCORE = itemgetter(1)


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


class Vote(NamedTuple):
    """What a channel says for a title: rank from 1, its score, and what it adds to the sum."""

    name: str
    rank: int
    score: float
    gain: float


class Ballot(Protocol):
    """What every channel said, counted when somebody asks: few titles reach a page."""

    def votes(self, id_: UUID) -> Sequence[Vote]:
        """The votes for one title, in the order of the channels."""
        ...


class Ranked(NamedTuple):
    """A title, its score and where the score came from."""

    id: UUID
    score: float
    ballot: Ballot

    @property
    def parts(self) -> tuple[ChannelHit, ...]:
        """The channels' parts with their shares."""
        votes = self.ballot.votes(self.id)
        total = sum(vote.gain for vote in votes)
        shares = [vote.gain / total if total else 1 / len(votes) for vote in votes]
        return tuple(
            ChannelHit(name=vote.name, rank=vote.rank, score=vote.score, share=min(1.0, share))
            for vote, share in zip(votes, shares, strict=True)
        )


Fusion = Callable[[Sequence[ChannelRun], int], list[Ranked]]


def reciprocal(runs: Sequence[ChannelRun], k: int = K) -> list[Ranked]:
    """Sum of weight / (k + rank) over the channels, best first, ties by id.

    Scores are divided by what a title first in every channel would get, so they lie in (0, 1].
    Channels without weight are left out.
    """
    runs = _voting(runs)
    poll = _Poll(runs, [_reciprocals(run, k) for run in runs])
    return poll.ranked(sum(run.weight for run in runs) / (k + 1))


def blended(runs: Sequence[ChannelRun], k: int = K) -> list[Ranked]:
    """Weighted mean of the channels' scores, best first, ties by reciprocal rank, then by id.

    In each channel the best hit counts 1 and the hundredth (or last) 0, so that asking for more
    hits does not move the ones before.  Scores lie in [0, 1].
    """
    runs = _voting(runs)
    weights = {run.name: run.weight for run in runs}
    poll = _Poll(runs, [_gains(run) for run in runs])

    def worth(id_: UUID) -> float:
        return sum(weights[vote.name] / (k + vote.rank) for vote in poll.votes(id_))

    return poll.ranked(sum(weights.values()), worth)


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


@dataclass(frozen=True)
class _Poll:
    """The channels' hits and what each of them adds to the sum."""

    runs: Sequence[ChannelRun]
    gains: Sequence[Sequence[float]]

    def ranked(
        self, ceiling: float, worth: Callable[[UUID], float] = lambda _: 0.0
    ) -> list[Ranked]:
        """Every title by the sum of its gains over ``ceiling``, ties by ``worth``, then by id."""
        ids: dict[int, UUID] = {}  # by id.int: hashing a UUID runs Python code
        sums: dict[int, float] = {}
        for run, gains in zip(self.runs, self.gains, strict=True):
            for (id_, _), gain in zip(run.hits, gains, strict=True):
                key = id_.int
                if key in sums:
                    sums[key] += gain
                else:
                    ids[key], sums[key] = id_, gain
        ranked = [Ranked(ids[key], total / ceiling, self) for key, total in sums.items()]
        ranked.sort(key=_SCORE, reverse=True)
        return _untied(ranked, worth)

    def votes(self, id_: UUID) -> list[Vote]:
        """The votes for one title, in the order of the channels."""
        key = id_.int
        places = [(at, place[key]) for at, place in enumerate(self._places) if key in place]
        return [
            Vote(self.runs[at].name, row + 1, self.runs[at].hits[row][1], self.gains[at][row])
            for at, row in places
        ]

    @cached_property
    def _places(self) -> list[dict[int, int]]:
        return [{id_.int: row for row, (id_, _) in enumerate(run.hits)} for run in self.runs]


def _untied(ranked: list[Ranked], worth: Callable[[UUID], float]) -> list[Ranked]:
    """Titles by score as they come, those of equal score by their worth and id."""
    scores = [one.score for one in ranked]
    start = 0
    for at in compress(count(1), map(ne, scores, [*scores[1:], None])):  # where a score ends
        if at - start > 1:
            tied = sorted(ranked[start:at], key=lambda one: (-worth(one.id), one.id))
            ranked[start:at] = tied
        start = at
    return ranked
