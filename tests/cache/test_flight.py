"""Of callers that want the same thing at once, one works."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from animevec.cache.flight import Flights
from animevec.errors import DeadlineExceeded


def test_twenty_callers_one_piece_of_work() -> None:
    flights: Flights[int] = Flights()
    barrier, calls = threading.Barrier(20), []

    def work() -> int:
        calls.append(1)
        time.sleep(0.2)
        return 7

    def call(_: int) -> tuple[int, bool]:
        barrier.wait()
        return flights.once("key", work)

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(call, range(20)))
    assert len(calls) == 1
    assert sorted(found) == [(7, False)] * 19 + [(7, True)]


def test_the_leaders_failure_is_its_own() -> None:
    flights: Flights[str] = Flights()
    begun, waiting = threading.Event(), threading.Event()

    def failing() -> str:
        begun.set()
        waiting.wait(5)
        time.sleep(0.05)
        raise DeadlineExceeded("the client was gone")

    with ThreadPoolExecutor(2) as pool:
        leader = pool.submit(flights.once, "key", failing)
        begun.wait(5)
        follower = pool.submit(flights.once, "key", lambda: "own")
        waiting.set()
        assert follower.result(5) == ("own", True)
        with pytest.raises(DeadlineExceeded):
            leader.result(5)
    assert flights.once("key", lambda: "next") == ("next", True)
