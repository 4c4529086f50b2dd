"""Single flight: of callers that want the same thing at the same time, one works for all."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """Work under way, by key; for any number of threads."""

    def __init__(self) -> None:
        self._under_way: dict[str, Future[T | None]] = {}
        self._guard = Lock()

    def once(self, key: str, work: Callable[[], T]) -> tuple[T, bool]:
        """What ``work`` gives, and whether this caller did it.

        A failure is the leader's alone: its error may be about its own deadline or client, so
        those who waited for it work for themselves, and nobody waits for more than one flight.
        """
        with self._guard:
            flight = self._under_way.get(key)
            leads = flight is None
            if flight is None:
                flight = self._under_way[key] = Future()
        if leads:
            return self._lead(key, flight, work), True
        shared = flight.result()
        return (work(), True) if shared is None else (shared, False)

    def _lead(self, key: str, flight: "Future[T | None]", work: Callable[[], T]) -> T:
        made: T | None = None
        try:
            made = work()
            return made
        finally:
            with self._guard:
                del self._under_way[key]
            flight.set_result(made)
