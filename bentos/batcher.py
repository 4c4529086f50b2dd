"""Micro-batching: concurrent callers' items go through the encoder together.

A first caller leads: it waits while others are on their way, takes what has come, encodes it and
hands leadership to the next in line, all of it outside the turnstile: the encoder is never kept
waiting for a place among the searches.  There are as many leaders as batches may be under way, and
a batch is no more than its share of the crowd, so that encoder and searches all have something to
do.  No thread of its own, nothing to supervise.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import ceil

from animevec.encoders.base import Encoder, Item, Outcome
from animevec.encoders.card import ModelCard
from animevec.errors import DeadlineExceeded
from bentos.turnstile import Absence, outside

Observer = Callable[[int, float], None]
GLANCE_S = 0.001  # between two looks at whether anybody is on the way


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
    absence: Absence
    queued: float = field(default_factory=time.perf_counter)
    outcomes: list[Outcome] | None = None
    error: BaseException | None = None

    @property
    def settled(self) -> bool:
        return self.outcomes is not None or self.error is not None


class BatchingEncoder:
    """An encoder for many threads over one that runs ``lanes`` batches at a time.

    ``crowd`` tells how many requests are in the service, ``busy`` whether any of them computes: a
    leader waits at most ``window_s``, until its share of the crowd has come or nobody is on the
    way.
    """

    def __init__(
        self,
        encoder: Encoder,
        window_s: float,
        max_items: int,
        lanes: int,
        crowd: Callable[[], int],
        busy: Callable[[], bool],
        observe: Observer,
        dropped: Callable[[], None],
    ) -> None:
        self._encoder = encoder
        self._window_s = window_s
        self._max_items = max_items
        self._lanes = lanes
        self._crowd = crowd
        self._busy = busy
        self._observe = observe
        self._dropped = dropped
        self._queue: deque[_Entry] = deque()
        self._arrived = threading.Condition()
        self._leaders = 0

    @property
    def card(self) -> ModelCard:
        """The frozen facts about the model."""
        return self._encoder.card

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        """One outcome per item, in input order.

        Raises:
            DeadlineExceeded: the client was gone before its turn came.
        """
        with outside() as absence:
            entry = _Entry(items, TICKET.get(), absence)
            if not self._leads(entry):
                absence.wait()
            if not entry.settled:
                self._lead(entry)
        if entry.error is not None:
            raise entry.error
        assert entry.outcomes is not None
        return entry.outcomes

    def _leads(self, entry: _Entry) -> bool:
        """Whether there is a lane for an entry; it is queued if there is none."""
        with self._arrived:
            if self._leaders < self._lanes:
                self._leaders += 1
                return True
            self._queue.append(entry)
            self._arrived.notify_all()
            return False

    def _lead(self, entry: _Entry) -> None:
        batch = [entry]
        try:
            self._gather()
            self._fill(batch)
            self._run(batch)
        except BaseException as error:  # whatever it was, those who wait are told, and it goes on
            for one in batch:
                one.error = error
            raise
        finally:
            self._hand_over(batch)

    def _gather(self) -> None:
        deadline = time.perf_counter() + self._window_s
        with self._arrived:
            while 1 + len(self._queue) < self._share() and self._busy():
                left = deadline - time.perf_counter()
                if left <= 0:
                    return
                self._arrived.wait(min(left, GLANCE_S))

    def _share(self) -> int:
        """Of the crowd, in every lane and among the searches."""
        return min(ceil(self._crowd() / (self._lanes + 1)), self._max_items)

    def _fill(self, batch: list[_Entry]) -> None:
        with self._arrived:
            size = len(batch[0].items)
            while self._queue and size + len(self._queue[0].items) <= self._max_items:
                batch.append(self._queue.popleft())
                size += len(batch[-1].items)

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
                self._queue.popleft().absence.interrupt()
            else:
                self._leaders -= 1
        for entry in batch[1:]:  # the first is the leader's own
            entry.absence.end()
