"""The seam: pre (validate, tokenise) / core (forward) / post (pool, cut, normalise)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from animevec.encoders.base import Embedding, Failure, Item, Outcome
from animevec.encoders.batch import plan
from animevec.encoders.recovery import Recovery
from animevec.errors import AnimevecError

P = TypeVar("P")
R = TypeVar("R")


class Stages(Protocol[P, R]):
    """The three stages of one model; ``P`` is a prepared item, ``R`` what the forward gave it."""

    def pre(self, items: Sequence[Item]) -> list[P | AnimevecError]:
        """A prepared item or its error, for each item, in order; never raises for a bad item."""
        ...

    def size(self, prepared: P) -> int:
        """Tokens or pixels the item takes in a forward."""
        ...

    def core(self, batch: Sequence[P]) -> Sequence[R]:
        """One forward over the whole batch; may run out of memory."""
        ...

    def post(self, prepared: P, raw: R) -> Embedding:
        """Cut and normalise; raises ``ModelError`` for numbers that are not finite."""
        ...


@dataclass(frozen=True, slots=True)
class Seam(Generic[P, R]):
    """Runs stages over any number of items; safe to call from several threads.

    ``budget`` is the padded tokens or pixels of one forward.
    """

    stages: Stages[P, R]
    budget: int
    recovery: Recovery = field(default_factory=Recovery)

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order, independent of the other items."""
        prepared: list[P] = []
        outcomes: dict[int, Outcome] = {}
        places: list[int] = []
        for place, ready in enumerate(self.stages.pre(items)):
            if isinstance(ready, AnimevecError):
                outcomes[place] = Failure(ready)
            else:
                prepared.append(ready)
                places.append(place)
        for group in plan([self.stages.size(one) for one in prepared], self.budget):
            batch = [prepared[i] for i in group]
            results = self.recovery.run(self.stages.core, batch)
            for i, raw in zip(group, results, strict=True):
                outcomes[places[i]] = self._finish(prepared[i], raw)
        return [outcomes[place] for place in range(len(items))]

    def _finish(self, prepared: P, raw: R | AnimevecError) -> Outcome:
        if isinstance(raw, AnimevecError):
            return Failure(raw)
        try:
            return self.stages.post(prepared, raw)
        except AnimevecError as error:
            return Failure(error)
