"""A plan asked of the index, deeper and deeper: each step adds titles and moves none."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from animevec.encoders.base import SparseVector, Vector
from animevec.search.channels import Ask, joined
from animevec.search.depth import depths
from animevec.search.fusion import ChannelRun, Ranked
from animevec.search.plan import SAME, Plan


class Descent:
    """One search on its way down, which has found what the first step finds.

    ``retrieve`` asks the index so many hits of each channel, ``fuse`` makes one list of all.
    """

    def __init__(
        self,
        plan: Plan,
        depth: int,
        retrieve: Callable[[Sequence[Ask], int], list[ChannelRun]],
        fuse: Callable[[Sequence[ChannelRun]], list[Ranked]],
    ) -> None:
        self.plan = plan
        self._retrieve, self._fuse, self._depth = retrieve, fuse, depth
        self._found = retrieve(plan.asks, depth)
        self._alike: list[ChannelRun] = []

    def first(self) -> list[Ranked]:
        """What the first step finds, best first."""
        return self._fused(self._found)

    def see(self, further: Mapping[str, Sequence[Vector | SparseVector]]) -> None:
        """Ask some channels with further vectors: the best score of all counts."""
        more = [
            replace(ask, vectors=further[ask.name]) for ask in self.plan.asks if ask.name in further
        ]
        self._found = joined(self._found, self._retrieve(more, self._depth), self._depth)
        asks = [
            replace(ask, vectors=[*ask.vectors, *further.get(ask.name, ())])
            for ask in self.plan.asks
        ]
        self.plan = replace(self.plan, asks=asks)

    def recognise(self, alike: Sequence[tuple[UUID, float]]) -> None:
        """Count titles whose picture is the one sent, with how alike they are, best first."""
        self._alike = [ChannelRun(SAME, self.plan.same_weight, alike)]
        self.plan = replace(self.plan, exact=self.plan.exact | {id_ for id_, _ in alike})

    def windows(self) -> Iterator[list[Ranked]]:
        """The titles that each step adds, best first, until there is no more to find."""
        seen: set[int] = set()
        for depth in depths(self._depth):
            found = self._retrieve(self.plan.asks, depth) if seen else self._found
            fused = self._fused(found)
            yield [one for one in fused if one.id.int not in seen] if seen else fused
            if all(len(run.hits) < depth for run in found):
                return
            seen.update(one.id.int for one in fused)

    def _fused(self, found: Sequence[ChannelRun]) -> list[Ranked]:
        excluded = self.plan.excluded
        runs = [run.without(excluded) for run in (*self.plan.runs, *found)]
        return self._fuse([*runs, *self._alike])
