"""The turnstile: bounded, fair, and never lost."""

import threading
import time
from contextvars import copy_context

import pytest

from bentos.turnstile import Turnstile, outside


def test_at_most_the_places_are_inside() -> None:
    turnstile, inside, most = Turnstile(3), 0, 0
    guard = threading.Lock()

    def compute() -> None:
        nonlocal inside, most
        with turnstile.inside():
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.002)
            with guard:
                inside -= 1

    threads = [threading.Thread(target=compute) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3


def test_first_come_first_served() -> None:
    turnstile, order = Turnstile(1), list[int]()

    def compute(number: int) -> None:
        with turnstile.inside():
            order.append(number)

    threads = [threading.Thread(target=compute, args=(number,)) for number in range(5)]
    with turnstile.inside():
        for thread in threads:
            thread.start()
            time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


def test_who_waits_outside_lets_another_in() -> None:
    turnstile, answer = Turnstile(1), threading.Event()

    def other() -> None:
        with turnstile.inside():
            answer.set()

    with turnstile.inside():
        thread = threading.Thread(target=copy_context().run, args=(other,))
        thread.start()
        assert not answer.wait(0.05)
        with outside():
            assert answer.wait(5)
    thread.join()


def test_without_a_turnstile_stepping_outside_means_nothing() -> None:
    with outside():
        pass


def test_a_failure_gives_the_place_back() -> None:
    turnstile = Turnstile(1)
    with pytest.raises(ValueError, match="no"), turnstile.inside(), outside():
        raise ValueError("no")
    with turnstile.inside():
        pass
