"""The turnstile: bounded, fair, and never lost."""

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue

import pytest

from bentos.turnstile import LET_PASS, Absence, Turnstile, outside


@pytest.fixture
def nobody_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """No place beside whoever is inside, however slow the machine."""
    monkeypatch.setattr("bentos.turnstile.LONG_S", 3600)


class Census:
    """How many were inside at once, at most."""

    def __init__(self) -> None:
        self.most = self._now = 0
        self._guard = threading.Lock()

    def stay(self) -> None:
        with self._guard:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.002)
        with self._guard:
            self._now -= 1


def until_waiting(turnstile: Turnstile, number: int) -> None:
    while turnstile.waiting < number:
        time.sleep(0.001)


def stepped_out(
    turnstile: Turnstile, back: Callable[[], object], still_outside: Callable[[], object] = bool
) -> tuple[threading.Thread, Absence]:
    """A thread that is outside now, calls ``still_outside`` when it wakes and ``back`` inside."""
    absences: SimpleQueue[Absence] = SimpleQueue()

    def away() -> None:
        with turnstile.inside():
            with outside() as absence:
                absences.put(absence)
                absence.wait()
                still_outside()
            back()

    thread = threading.Thread(target=away)
    thread.start()
    return thread, absences.get(timeout=5)


@pytest.mark.usefixtures("nobody_takes_long")
def test_at_most_the_places_are_inside() -> None:
    turnstile, census = Turnstile(3), Census()

    def compute() -> None:
        with turnstile.inside():
            census.stay()

    threads = [threading.Thread(target=compute) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert census.most == 3


@pytest.mark.usefixtures("nobody_takes_long")
def test_first_come_first_served() -> None:
    turnstile, order = Turnstile(1), list[int]()

    def compute(number: int) -> None:
        with turnstile.inside():
            order.append(number)

    threads = [threading.Thread(target=compute, args=(number,)) for number in range(5)]
    with turnstile.inside():
        for number, thread in enumerate(threads):
            thread.start()
            until_waiting(turnstile, number + 1)
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("nobody_takes_long")
def test_who_waits_outside_lets_another_in() -> None:
    turnstile, answer = Turnstile(1), threading.Event()

    def other() -> None:
        with turnstile.inside():
            answer.set()

    with turnstile.inside():
        thread = threading.Thread(target=copy_context().run, args=(other,))
        thread.start()
        assert not answer.wait(0.01)
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


@pytest.mark.usefixtures("nobody_takes_long")
def test_who_is_called_back_comes_in_its_turn_and_takes_one_place() -> None:
    turnstile, order = Turnstile(1), list[str]()
    first, absent_first = stepped_out(turnstile, lambda: order.append("first"))
    second, absent_second = stepped_out(turnstile, lambda: order.append("second"))
    with turnstile.inside():
        absent_second.end()
        absent_first.end()
        time.sleep(0.01)
        assert not order
    for thread in (first, second):
        thread.join(5)
    assert order == ["first", "second"]
    assert not turnstile.busy


def test_who_is_interrupted_goes_on_outside_and_comes_back_by_itself() -> None:
    turnstile, seen = Turnstile(1), list[bool]()

    def look() -> None:
        seen.append(turnstile.busy)

    thread, absence = stepped_out(turnstile, look, still_outside=look)
    absence.interrupt()
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


@pytest.mark.usefixtures("nobody_takes_long")
def test_who_comes_back_goes_before_those_who_came_much_later() -> None:
    turnstile, order = Turnstile(1), list[str]()
    away, absence = stepped_out(turnstile, lambda: order.append("back"))

    def new(number: int) -> None:
        with turnstile.inside():
            order.append(f"{number}")

    threads = [threading.Thread(target=new, args=(number,)) for number in range(1, LET_PASS + 3)]
    with turnstile.inside():  # the first of those who came later
        for thread in threads:
            thread.start()
        absence.end()
        until_waiting(turnstile, LET_PASS + 3)
    for thread in (away, *threads):
        thread.join(5)
    # Of those who came later this thread was the first, and the last of them came at the same time.
    assert order.index("back") in (LET_PASS - 2, LET_PASS - 1)


def test_nobody_waits_for_the_end_of_one_that_takes_long() -> None:
    turnstile, census, done = Turnstile(1), Census(), list[float]()

    def quick() -> None:
        with turnstile.inside():
            census.stay()
            done.append(time.perf_counter())

    threads = [threading.Thread(target=quick) for _ in range(5)]
    with turnstile.inside():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        ended = time.perf_counter()
    assert len(done) == 5 and max(done) <= ended
    assert census.most == 1  # one beside the long one
    assert not turnstile.busy
