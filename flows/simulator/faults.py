"""What may go wrong at a source, as data."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from threading import Lock

from pydantic import Field

from animevec.catalog.record import Value


class FaultKind(StrEnum):
    """How an answer is spoilt."""

    RATE_LIMITED = "rate_limited"
    DOWN = "down"
    SLOW = "slow"
    TRUNCATED = "truncated"
    WRONG_TYPE = "wrong_type"
    GARBAGE = "garbage"
    BLOCK_PAGE = "block_page"
    EMPTY = "empty"
    MOVED = "moved"


class Fault(Value):
    """A fault of a source, of some of its requests."""

    source: str
    kind: FaultKind
    every: int = Field(1, ge=1, description="spoils every so many requests")
    first: int | None = Field(None, ge=1, description="spoils no more than so many requests")
    containing: str | None = Field(None, description="only requests whose address or body has it")
    seconds: float = Field(1.0, ge=0, description="Retry-After, or how slow")


class Faults:
    """The faults in force; safe to change while the servers run."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults = list(faults)
        self._met: Counter[int] = Counter()
        self._spoilt: Counter[int] = Counter()
        self._lock = Lock()

    def set(self, faults: Iterable[Fault]) -> None:
        """Replace them all."""
        with self._lock:
            self._faults = list(faults)
            self._met.clear()
            self._spoilt.clear()

    def of(self, source: str, request: str) -> Fault | None:
        """The fault that meets this request, if any."""
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.source == source and self._meets(place, fault, request):
                    return fault
        return None

    def _meets(self, place: int, fault: Fault, request: str) -> bool:
        if fault.containing is not None and fault.containing not in request:
            return False
        self._met[place] += 1
        turn = self._met[place] % fault.every == 0
        if not turn or (fault.first is not None and self._spoilt[place] >= fault.first):
            return False
        self._spoilt[place] += 1
        return True
