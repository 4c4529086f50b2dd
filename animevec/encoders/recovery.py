"""Running out of memory as data: which steps are taken, in which order, and how often they were."""

import gc
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from animevec.errors import AnimevecError, ModelError, Unavailable

P = TypeVar("P")
R = TypeVar("R")


class Step(StrEnum):
    """One rung of the ladder."""

    FREE = "free"
    HALVE = "halve"
    FAIL = "fail"


LADDER = (Step.FREE, Step.HALVE, Step.FAIL)
# What one bad item makes a forward raise; anything else is a defect and propagates.
POISON = (ValueError, IndexError, ArithmeticError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Recovery:
    """Runs a batch; when memory runs out, climbs ``ladder`` and goes on with what remains.

    ``free`` empties the allocator's cache; ``taken`` counts steps for metrics.  The next batch
    starts at full size again: memory held by somebody else may be back.
    """

    ladder: tuple[Step, ...] = LADDER
    free: Callable[[], None] = field(default=lambda: release_memory())
    taken: Counter[Step] = field(default_factory=Counter)

    def run(
        self, core: Callable[[Sequence[P]], Sequence[R]], batch: Sequence[P]
    ) -> list[R | AnimevecError]:
        """One result or error per item, in order."""
        return self._climb(core, batch, self.ladder)

    def _climb(
        self,
        core: Callable[[Sequence[P]], Sequence[R]],
        batch: Sequence[P],
        ladder: tuple[Step, ...],
    ) -> list[R | AnimevecError]:
        try:
            return list(core(batch))
        except (MemoryError, *POISON) as error:
            if not is_out_of_memory(error):
                return self._isolate(core, batch, error)
            message = str(error)
        # Outside the handler: the traceback would keep the tensors of the failed forward alive.
        return self._step(core, batch, ladder, message)

    def _step(
        self,
        core: Callable[[Sequence[P]], Sequence[R]],
        batch: Sequence[P],
        ladder: tuple[Step, ...],
        message: str,
    ) -> list[R | AnimevecError]:
        if len(batch) == 1:
            ladder = tuple(step for step in ladder if step is not Step.HALVE)
        step, rest = (ladder[0], ladder[1:]) if ladder else (Step.FAIL, ())
        self.taken[step] += 1
        if step is Step.FREE:
            self.free()
            return self._climb(core, batch, rest)
        if step is Step.HALVE:
            self.free()
            return self._halve(core, batch, ladder)
        return [_out_of_memory(len(batch), message) for _ in batch]

    def _halve(
        self,
        core: Callable[[Sequence[P]], Sequence[R]],
        batch: Sequence[P],
        ladder: tuple[Step, ...],
    ) -> list[R | AnimevecError]:
        middle = len(batch) // 2
        return self._climb(core, batch[:middle], ladder) + self._climb(core, batch[middle:], ladder)

    def _isolate(
        self, core: Callable[[Sequence[P]], Sequence[R]], batch: Sequence[P], error: BaseException
    ) -> list[R | AnimevecError]:
        """Halve until the item that breaks the forward stands alone, and fail only that."""
        if len(batch) > 1:
            return self._halve(core, batch, self.ladder)
        failure = ModelError(f"the model failed on this item: {error}")
        failure.__cause__ = error
        return [failure]


def _out_of_memory(items: int, message: str) -> Unavailable:
    return Unavailable(
        f"out of memory with {items} item(s) in the batch: {message}; "
        "lower encoders.batch_tokens or encoders.batch_pixels, or send shorter items",
        items=items,
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, CUDA or torch's CPU allocator ran out of memory."""
    torch = sys.modules.get("torch")
    if isinstance(error, MemoryError) or (
        torch is not None and isinstance(error, torch.OutOfMemoryError)
    ):
        return True
    # The CPU allocator has no error class of its own.
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)


def release_memory() -> None:
    """Collect garbage and return torch's cached device memory."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
