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
        visit.turn.clear()
        self.admit(visit)
        visit.turn.wait()

    def admit(self, visit: _Visit) -> None:
        """Give the visit a place, now or in its turn."""
        with self._guard:
            if self._free:
                self._free -= 1
                visit.turn.set()
            else:
                heappush(self._queue, visit)

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


class Absence:
    """A thread's wait outside for another one, who ends it.

    Whoever does so queues it at the turnstile: it wakes up once, when it is its turn, and a batch
    that comes back does not wake many threads of which one may go on.
    """

    __slots__ = ("_over", "_visit")

    def __init__(self) -> None:
        self._visit = _VISIT.get()
        self._over = threading.Event() if self._visit is None else self._visit.turn
        self._over.clear()

    def wait(self) -> None:
        """Step outside until it is over; may be over before it begins."""
        if self._visit is not None:
            self._visit.turnstile.leave()
        self._over.wait()

    def end(self) -> None:
        """Let the thread come back in its turn; once for every ``wait``."""
        if self._visit is None:
            self._over.set()
        else:
            self._visit.turnstile.admit(self._visit)
