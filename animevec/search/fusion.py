"""Weighted reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

K = 60


@dataclass(frozen=True, slots=True)
class ChannelRun:
    """One channel's hits, best first, and the weight it is fused with."""

    name: str
    weight: float
    hits: Sequence[tuple[UUID, float]]


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

    @property
    def channels(self) -> Mapping[str, Part]:
        """The parts by channel name."""
        return {part.name: part for part in self.parts}


def fuse(runs: Sequence[ChannelRun], k: int = K) -> list[Ranked]:
    """Sum of weight / (k + rank) over the channels, best first, ties by id.

    Scores are divided by what a title first in every channel would get, so they lie in (0, 1].
    Channels without weight are left out.
    """
    runs = [run for run in runs if run.weight > 0 and run.hits]
    ceiling = sum(run.weight for run in runs) / (k + 1)
    found: dict[UUID, list[tuple[str, int, float, float]]] = {}
    for run in runs:
        for rank, (id_, score) in enumerate(run.hits, start=1):
            gain = run.weight / (k + rank)
            found.setdefault(id_, []).append((run.name, rank, score, gain))
    ranked = [_ranked(id_, rows, ceiling) for id_, rows in found.items()]
    return sorted(ranked, key=lambda one: (-one.score, one.id))


def _ranked(id_: UUID, rows: list[tuple[str, int, float, float]], ceiling: float) -> Ranked:
    total = sum(gain for *_, gain in rows)
    parts = tuple(Part(name, rank, score, gain / total) for name, rank, score, gain in rows)
    return Ranked(id_, total / ceiling, parts)
