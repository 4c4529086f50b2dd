"""Micro-batching: concurrent callers' items go through the encoder in one call.

The first caller leads: it waits a moment while others are on their way, lets those pass who
queue at the turnstile, takes what has come, encodes it and hands leadership to the next in line.
No thread of its own, nothing to supervise.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from animevec.encoders.base import Encoder, Item, Outcome
from animevec.encoders.card import ModelCard
from animevec.errors import DeadlineExceeded
from bentos.turnstile import Absence, outside

Observer = Callable[[int, float], None]


class Ticket:
    """One request's claim on work; ``gone`` once its client no longer waits."""

    __slots__ = ("gone",)

    def __init__(self) -> None:
        self.gone = False


TICKET: ContextVar[Ticket | None] = ContextVar("ticket", default=None)


@dataclass(slots=True, eq=False)
class _Entry:
    items: Sequence[Item]
    ticket: Ticket | None
    queued: float = field(default_factory=time.perf_counter)
    absence: Absence = field(default_factory=Absence)
    outcomes: list[Outcome] | None = None
    error: BaseException | None = None

    @property
    def settled(self) -> bool:
        return self.outcomes is not None or self.error is not None


class BatchingEncoder:
    """An encoder for many threads over one that runs one batch at a time.

    ``crowd`` tells how many requests are in the service: a leader waits at most ``window_s``,
    and not at all once everybody who could still come is in the queue.
    """

    def __init__(
        self,
        encoder: Encoder,
        window_s: float,
        max_items: int,
        crowd: Callable[[], int],
        observe: Observer,
        dropped: Callable[[], None],
    ) -> None:
        self._encoder = encoder
        self._window_s = window_s
        self._max_items = max_items
        self._crowd = crowd
        self._observe = observe
        self._dropped = dropped
        self._queue: deque[_Entry] = deque()
        self._arrived = threading.Condition()
        self._led = False

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        return self._encoder.card

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order.

        Raises:
            DeadlineExceeded: the client was gone before its turn came.
        """
        entry = _Entry(items, TICKET.get())
        with self._arrived:
            self._queue.append(entry)
            leads = not self._led
            self._led = True
            self._arrived.notify()
        if not leads:
            entry.absence.wait()
        if not entry.settled:
            self._lead()
        if entry.error is not None:
            raise entry.error
        assert entry.outcomes is not None
        return entry.outcomes

    def _lead(self) -> None:
        batch: list[_Entry] = []
        try:
            with outside():
                self._gather()
            batch = self._take()
            self._run(batch)
        except BaseException as error:  # whatever it was, those who wait are told, and it goes on
            for entry in batch:
                entry.error = error
            raise
        finally:
            self._hand_over(batch)

    def _gather(self) -> None:
        deadline = time.perf_counter() + self._window_s
        with self._arrived:
            while len(self._queue) < min(self._crowd(), self._max_items):
                left = deadline - time.perf_counter()
                if left <= 0 or not self._arrived.wait(left):
                    return

    def _take(self) -> list[_Entry]:
        with self._arrived:
            batch = [self._queue.popleft()]
            size = len(batch[0].items)
            while self._queue and size + len(self._queue[0].items) <= self._max_items:
                batch.append(self._queue.popleft())
                size += len(batch[-1].items)
            return batch

    def _run(self, batch: list[_Entry]) -> None:
        for entry in batch:
            if entry.ticket is not None and entry.ticket.gone:
                entry.error = DeadlineExceeded("the client was gone before its turn came")
                self._dropped()
        waiting = [entry for entry in batch if entry.error is None]
        if not waiting:
            return
        items = [item for entry in waiting for item in entry.items]
        self._observe(len(items), time.perf_counter() - min(e.queued for e in waiting))
        outcomes = self._encoder.encode(items)
        start = 0
        for entry in waiting:
            entry.outcomes = outcomes[start : start + len(entry.items)]
            start += len(entry.items)

    def _hand_over(self, batch: list[_Entry]) -> None:
        with self._arrived:
            if self._queue:
                self._queue[0].absence.end()
            else:
                self._led = False
        for entry in batch[1:]:  # the first is the leader's own
            entry.absence.end()
