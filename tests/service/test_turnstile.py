"""The turnstile: bounded, fair, and never lost."""

import threading
import time
from contextvars import copy_context

import pytest

from bentos.turnstile import Absence, Turnstile, outside


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


def test_who_is_called_back_comes_in_its_turn_and_takes_one_place() -> None:
    turnstile, order = Turnstile(1), list[str]()
    absences: dict[str, Absence] = {}

    def away(name: str) -> None:
        with turnstile.inside():
            absences[name] = Absence()
            absences[name].wait()
            order.append(name)

    threads = [threading.Thread(target=away, args=(name,)) for name in ("first", "second")]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        while len(absences) < number:
            time.sleep(0.01)
    with turnstile.inside():
        absences["second"].end()
        absences["first"].end()
        time.sleep(0.05)
        assert not order
    for thread in threads:
        thread.join(5)
    assert order == ["first", "second"]
    with turnstile.inside():
        pass


def test_an_absence_may_be_over_before_it_begins() -> None:
    turnstile = Turnstile(1)
    with turnstile.inside():
        absence = Absence()
        absence.end()
        absence.wait()
    with turnstile.inside():
        pass


def test_an_absence_without_a_turnstile_is_a_wait() -> None:
    absence = Absence()
    absence.end()
    absence.wait()
