"""The turnstile: bounded, fair, and never lost."""

import threading
import time
from contextvars import copy_context

import pytest

from bentos.turnstile import LET_PASS, LONG_S, Absence, Turnstile, outside


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
        assert not answer.wait(LONG_S / 5)
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
            with outside() as absence:
                absences[name] = absence
                absence.wait()
            order.append(name)

    threads = [threading.Thread(target=away, args=(name,)) for name in ("first", "second")]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        while len(absences) < number:
            time.sleep(0.001)
    with turnstile.inside():
        absences["second"].end()
        absences["first"].end()
        time.sleep(LONG_S / 5)
        assert not order
    for thread in threads:
        thread.join(5)
    assert order == ["first", "second"]
    assert not turnstile.busy


def test_who_is_interrupted_goes_on_outside_and_comes_back_by_itself() -> None:
    turnstile, seen = Turnstile(1), list[bool]()
    absences = list[Absence]()

    def away() -> None:
        with turnstile.inside():
            with outside() as absence:
                absences.append(absence)
                absence.wait()
                seen.append(turnstile.busy)
            seen.append(turnstile.busy)

    thread = threading.Thread(target=away)
    thread.start()
    while not absences:
        time.sleep(0.001)
    absences[0].interrupt()
    thread.join(5)
    assert seen == [False, True]
    assert not turnstile.busy


def test_stepping_outside_again_means_nothing() -> None:
    turnstile = Turnstile(1)
    with turnstile.inside():
        with outside(), outside():
            assert not turnstile.busy
        assert turnstile.busy
    assert not turnstile.busy


def test_an_absence_may_be_over_before_it_begins() -> None:
    turnstile = Turnstile(1)
    with turnstile.inside():
        with outside() as absence:
            absence.end()
            absence.wait()
        assert turnstile.busy
    assert not turnstile.busy


def test_an_absence_without_a_turnstile_is_a_wait() -> None:
    with outside() as absence:
        absence.end()
        absence.wait()


def test_who_comes_back_goes_before_those_who_came_much_later() -> None:
    turnstile, order = Turnstile(1), list[str]()
    absences = list[Absence]()

    def away() -> None:
        with turnstile.inside():
            with outside() as absence:
                absences.append(absence)
                absence.wait()
            order.append("back")

    def new(number: int) -> None:
        with turnstile.inside():
            order.append(f"{number}")

    threads = [threading.Thread(target=away)]
    threads[0].start()
    while not absences:
        time.sleep(0.001)
    threads += [threading.Thread(target=new, args=(number,)) for number in range(1, LET_PASS + 3)]
    with turnstile.inside():  # the first of those who came later
        for thread in threads[1:]:
            thread.start()
        absences[0].end()
        while turnstile.waiting < LET_PASS + 3:
            time.sleep(0.001)
    for thread in threads:
        thread.join(5)
    # Of those who came later this thread was the first, and the last of them came at the same time.
    assert order.index("back") in (LET_PASS - 2, LET_PASS - 1)


def test_nobody_waits_for_the_end_of_one_that_takes_long() -> None:
    turnstile, inside, most = Turnstile(1), 0, 0
    guard, done = threading.Lock(), list[float]()

    def quick() -> None:
        nonlocal inside, most
        with turnstile.inside():
            with guard:
                inside += 1
                most = max(most, inside)
            time.sleep(0.002)
            with guard:
                inside -= 1
            done.append(time.perf_counter())

    threads = [threading.Thread(target=quick) for _ in range(5)]
    with turnstile.inside():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        ended = time.perf_counter()
    assert len(done) == 5 and max(done) <= ended
    assert most == 1  # one beside the long one
    assert not turnstile.busy
