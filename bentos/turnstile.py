"""The turnstile: few threads compute at once, in the order they came.

Python runs one thread at a time, and a thread that lets go of the interpreter for a moment, as
every tensor operation and every database row does, waits for up to ``sys.getswitchinterval()``
to get it back from a busy one.  Twenty threads computing side by side spend most of their time
so; one after the other they finish earlier, each of them.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_WITHIN: ContextVar["Turnstile | None"] = ContextVar("turnstile", default=None)


class Turnstile:
    """Lets ``places`` threads through at once, first come, first served."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._queue: deque[threading.Event] = deque()
        self._guard = threading.Lock()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Computing: waits for a place and gives it back."""
        token = _WITHIN.set(self)
        self.enter()
        try:
            yield
        finally:
            self.leave()
            _WITHIN.reset(token)

    def enter(self) -> None:
        """Wait for a place and take it."""
        with self._guard:
            if self._free:
                self._free -= 1
                return
            turn = threading.Event()
            self._queue.append(turn)
        turn.wait()

    def leave(self) -> None:
        """Give a place to the first in the queue."""
        with self._guard:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1


@contextmanager
def outside() -> Iterator[None]:
    """Waiting for somebody else: the place of this thread, if it has one, is another's meanwhile.

    Who steps outside comes back behind everybody who was queueing by then.
    """
    turnstile = _WITHIN.get()
    if turnstile is None:
        yield
        return
    turnstile.leave()
    try:
        yield
    finally:
        turnstile.enter()
