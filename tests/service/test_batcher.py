"""Concurrent callers share forwards; one caller's trouble is its own."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import numpy as np
import pytest

from animevec.encoders.base import Embedding, Encoder, Failure, Item, Outcome, TextItem
from animevec.encoders.lexical import CARD
from animevec.errors import DeadlineExceeded, InvalidRequest, ModelError
from bentos.batcher import TICKET, BatchingEncoder, Ticket
from bentos.turnstile import Turnstile


class Slow:
    """A tiny encoder: 10 ms a forward, a text's vector is its length, ``poison`` fails."""

    card = CARD

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def encode(self, items: Sequence[Item]) -> list[Outcome]:
        texts = [item.text for item in items if isinstance(item, TextItem)]
        self.batches.append(texts)
        time.sleep(0.01)
        if "crash" in texts:
            raise ModelError("NaN in the forward")
        return [
            Failure(InvalidRequest("poison"))
            if text == "poison"
            else Embedding(1, np.array([len(text)], np.float32))
            for text in texts
        ]


def batching(
    encoder: Encoder,
    crowd: int,
    max_items: int = 64,
    lanes: int = 1,
    window_s: float = 0.05,
    busy: bool = True,
    dropped: Callable[[], None] = lambda: None,
) -> BatchingEncoder:
    return BatchingEncoder(
        encoder, window_s, max_items, lanes, lambda: crowd, lambda: busy, lambda n, s: None, dropped
    )


def together(count: int, call: Callable[[int], object]) -> list[object]:
    """Results or errors of ``count`` calls that start at the same time."""
    barrier = threading.Barrier(count)

    def one(number: int) -> object:
        barrier.wait()
        try:
            return call(number)
        except (ModelError, DeadlineExceeded) as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_concurrent_texts_share_forwards_and_everyone_gets_its_own() -> None:
    slow = Slow()
    encoder = batching(slow, crowd=64)
    answers = together(64, lambda n: encoder.encode([TextItem("x" * n)])[0])
    assert [float(a.dense[0]) for a in answers if isinstance(a, Embedding)] == list(range(64))
    assert len(slow.batches) < 10


def test_one_poison_text_of_64_leaves_63() -> None:
    encoder = batching(Slow(), crowd=64)
    answers = together(64, lambda n: encoder.encode([TextItem("poison" if n == 7 else "ok")])[0])
    assert [isinstance(answer, Failure) for answer in answers] == [n == 7 for n in range(64)]


def test_a_lone_caller_does_not_wait() -> None:
    encoder = batching(Slow(), crowd=1, window_s=5.0)
    started = time.perf_counter()
    encoder.encode([TextItem("alone")])
    assert time.perf_counter() - started < 1


def test_a_crashed_forward_reaches_its_batch_and_the_next_batch_works() -> None:
    encoder = batching(Slow(), crowd=8)
    answers = together(8, lambda n: encoder.encode([TextItem("crash")]))
    assert all(isinstance(answer, ModelError) for answer in answers)
    assert isinstance(encoder.encode([TextItem("fine")])[0], Embedding)


@pytest.mark.parametrize("size", [1, 3, 8])
def test_no_forward_is_larger_than_the_limit(size: int) -> None:
    slow = Slow()
    encoder = batching(slow, crowd=20, max_items=size)
    together(20, lambda n: encoder.encode([TextItem("a")]))
    assert max(map(len, slow.batches)) <= size
    assert sum(map(len, slow.batches)) == 20


def test_an_entry_whose_client_has_gone_is_not_encoded() -> None:
    slow, dropped = Slow(), list[int]()
    encoder = batching(slow, crowd=1, dropped=lambda: dropped.append(1))
    ticket = Ticket()
    ticket.gone = True
    context = copy_context()
    context.run(TICKET.set, ticket)
    with pytest.raises(DeadlineExceeded):
        context.run(encoder.encode, [TextItem("gone")])
    assert slow.batches == [] and dropped == [1]


def test_a_batch_is_its_share_of_the_crowd() -> None:
    slow = Slow()
    encoder = batching(slow, crowd=20, window_s=5.0)
    together(20, lambda n: encoder.encode([TextItem("a")]))
    assert len(slow.batches[0]) >= 10  # half, and the others while those were encoded
    assert sum(map(len, slow.batches)) == 20


def test_a_leader_waits_for_nobody_where_nobody_computes() -> None:
    encoder = batching(Slow(), crowd=20, window_s=5.0, busy=False)
    started = time.perf_counter()
    encoder.encode([TextItem("the others are being answered")])
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_so_many_batches_are_under_way_as_there_are_lanes(lanes: int) -> None:
    slow, guard, under_way, most = Slow(), threading.Lock(), 0, 0

    class Counting(Slow):
        def encode(self, items: Sequence[Item]) -> list[Outcome]:
            nonlocal under_way, most
            with guard:
                under_way += 1
                most = max(most, under_way)
            try:
                return slow.encode(items)
            finally:
                with guard:
                    under_way -= 1

    encoder = batching(Counting(), crowd=30, max_items=5, lanes=lanes)
    for _ in range(5):
        together(30, lambda n: encoder.encode([TextItem("a")]))
    assert most == lanes
    assert sum(map(len, slow.batches)) == 150


def test_callers_behind_a_turnstile_are_all_answered() -> None:
    turnstile = Turnstile(1)
    slow = Slow()
    encoder = BatchingEncoder(
        slow, 0.05, 8, 2, lambda: 20, lambda: turnstile.busy, lambda n, s: None, lambda: None
    )

    def ask(number: int) -> object:
        with turnstile.inside():
            before = encoder.encode([TextItem("x" * number)])[0]
            after = encoder.encode([TextItem("y" * number)])[0]
        assert isinstance(before, Embedding) and isinstance(after, Embedding)
        assert before.dense is not None and after.dense is not None
        return float(before.dense[0]), float(after.dense[0])

    for _ in range(5):
        assert together(20, ask) == [(number, number) for number in range(20)]
    assert not turnstile.busy
