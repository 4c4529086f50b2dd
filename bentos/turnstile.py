"""The turnstile: few threads compute at once, whoever came to the service first goes first.

Python runs one thread at a time, and a thread that lets go of the interpreter for a moment, as
every tensor operation and every database row does, waits for up to ``sys.getswitchinterval()``
to get it back from a busy one.  Twenty threads computing side by side spend most of their time
so; one after the other they finish earlier, each of them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count


@dataclass(order=True, slots=True)
class _Visit:
    """One thread's time at a turnstile; the smaller number goes first."""

    number: int
    turnstile: "Turnstile" = field(compare=False)
    turn: threading.Event = field(default_factory=threading.Event, compare=False)


_VISIT: ContextVar[_Visit | None] = ContextVar("visit", default=None)


class Turnstile:
    """Lets ``places`` threads through at once, in the order they came."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._queue: list[_Visit] = []
        self._numbers = count()
        self._guard = threading.Lock()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Computing: waits for a place and gives it back."""
        visit = _Visit(next(self._numbers), self)
        token = _VISIT.set(visit)
        self.enter(visit)
        try:
            yield
        finally:
            self.leave()
            _VISIT.reset(token)

    def enter(self, visit: _Visit) -> None:
        """Wait for a place and take it."""
        with self._guard:
            if self._free:
                self._free -= 1
                return
            visit.turn.clear()
            heappush(self._queue, visit)
        visit.turn.wait()

    def leave(self) -> None:
        """Give a place to the first in the queue."""
        with self._guard:
            if self._queue:
                heappop(self._queue).turn.set()
            else:
                self._free += 1


@contextmanager
def outside() -> Iterator[None]:
    """Waiting for somebody else: the place of this thread, if it has one, is another's meanwhile.

    Who steps outside keeps its number: it comes back before all who came after it.
    """
    visit = _VISIT.get()
    if visit is None:
        yield
        return
    visit.turnstile.leave()
    try:
        yield
    finally:
        visit.turnstile.enter(visit)
