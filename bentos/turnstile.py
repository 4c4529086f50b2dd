"""The turnstile: few threads compute at once, whoever came to the service first goes first.

Python runs one thread at a time, and a thread that lets go of the interpreter for a moment, as
every tensor operation and every database row does, waits for up to ``sys.getswitchinterval()``
to get it back from a busy one.  Twenty threads computing side by side spend most of their time
so; one after the other they finish earlier, each of them.  But none of them waits for the end of
one that takes long: the interpreter is shared with that one.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count

LONG_S = 0.025  # inside, after which a further place opens beside
SPARE = 1  # such places
# Who comes back from outside lets so many go first who came later: their work before an encoder
# is short, and while it waits the encoder has nothing to do.
LET_PASS = 32


@dataclass(order=True, slots=True)
class _Visit:
    """One thread's time at a turnstile; the smaller number goes first."""

    number: int
    turnstile: "Turnstile" = field(compare=False)
    turn: threading.Event = field(default_factory=threading.Event, compare=False)
    back: bool = field(default=False, compare=False)

    def wait(self) -> None:
        """Until there is a place for it, which ``admit`` has asked for."""
        while not self.turn.wait(LONG_S):
            self.turnstile.relieve()


_VISIT: ContextVar[_Visit | None] = ContextVar("visit", default=None)


class Turnstile:
    """Lets ``places`` threads through at once, in the order they came, and one more while one of
    them takes long.
    """

    def __init__(self, places: int) -> None:
        self._free = places  # less than 0 where spare places are taken
        self._inside: dict[int, float] = {}  # since when, by identity; the longest first
        self._queue: list[_Visit] = []
        self._numbers = count()
        self._guard = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether anybody has a place."""
        return bool(self._inside)

    @property
    def waiting(self) -> int:
        """Who waits for a place."""
        return len(self._queue)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Computing: waits for a place and gives it back."""
        visit = _Visit(next(self._numbers), self)
        token = _VISIT.set(visit)
        self.admit(visit)
        visit.wait()
        try:
            yield
        finally:
            self.leave(visit)
            _VISIT.reset(token)

    def admit(self, visit: _Visit) -> None:
        """Give the visit a place, now or in its turn."""
        with self._guard:
            heappush(self._queue, visit)
            self._let_in()

    def leave(self, visit: _Visit) -> None:
        """Take the place of a visit, for the first in the queue."""
        with self._guard:
            del self._inside[id(visit)]
            self._free += 1
            self._let_in()

    def relieve(self) -> None:
        """Look whether somebody takes long."""
        with self._guard:
            self._let_in()

    def _let_in(self) -> None:
        while self._queue and (self._free > 0 or (self._free > -SPARE and self._is_long())):
            visit = heappop(self._queue)
            self._free -= 1
            self._inside[id(visit)] = time.monotonic()
            visit.turn.set()

    def _is_long(self) -> bool:
        return time.monotonic() - next(iter(self._inside.values())) > LONG_S


class Absence:
    """A thread's time outside, which another thread may interrupt or end.

    Whoever ends it queues it at the turnstile: it wakes up once, when it is its turn, and a batch
    that comes back does not wake many threads of which one may go on.
    """

    __slots__ = ("_over", "_signal", "_visit")

    def __init__(self, visit: _Visit | None) -> None:
        self._visit = visit
        self._over = False
        self._signal = threading.Event() if visit is None else visit.turn
        self._signal.clear()

    def wait(self) -> None:
        """Until it is interrupted, or over and a place is free; may be so before it begins."""
        self._signal.wait()

    def interrupt(self) -> None:
        """Wake the thread where it is, outside; at most once, and not after ``end``."""
        self._signal.set()

    def end(self) -> None:
        """Let the thread come back in its turn."""
        self._over = True
        if self._visit is None:
            self._signal.set()
        else:
            self._visit.turnstile.admit(self._visit)

    def come_back(self) -> None:
        """Wait for a place, as far as there is a turnstile and it is not done."""
        if not self._over:
            self._signal.clear()
            self.end()
        if self._visit is not None:
            self._visit.wait()


@contextmanager
def outside() -> Iterator[Absence]:
    """Waiting for somebody else: the place of this thread, if it has one, is another's meanwhile.

    Who comes back goes before all who came ``LET_PASS`` later.  Within it, stepping outside again
    means nothing.
    """
    visit = _VISIT.get()
    absence = Absence(visit)
    if visit is None:
        yield absence
        return
    if not visit.back:
        visit.number, visit.back = visit.number + LET_PASS, True
    token = _VISIT.set(None)
    visit.turnstile.leave(visit)
    try:
        yield absence
    finally:
        _VISIT.reset(token)
        absence.come_back()
