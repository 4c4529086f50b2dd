"""The seam: one outcome per item whatever happens, in input order, whatever the batch."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from animevec.encoders.base import Embedding, Failure, Item, TextItem
from animevec.encoders.batch import plan
from animevec.encoders.pooling import cut, unit
from animevec.encoders.recovery import Recovery, Step
from animevec.encoders.seam import Seam
from animevec.errors import AnimevecError, InvalidRequest, ModelError, Unavailable

sizes = st.lists(st.integers(1, 600), max_size=60)


class Lengths:
    """A model whose vector is the text's length; it has memory for ``room`` texts at a time."""

    def __init__(self, room: int = 1000, poison: str = "\0") -> None:
        self.room, self.poison, self.batches = room, poison, []

    def pre(self, items: Sequence[Item]) -> list[str | AnimevecError]:
        return [
            item.text if isinstance(item, TextItem) else InvalidRequest("not a text")
            for item in items
        ]

    def size(self, prepared: str) -> int:
        return len(prepared)

    def core(self, batch: Sequence[str]) -> list[int]:
        self.batches.append(len(batch))
        if len(batch) > self.room:
            raise torch.OutOfMemoryError("tried to allocate 2 GiB")
        if any(self.poison in text for text in batch):
            raise IndexError("token id out of range")
        return [len(text) for text in batch]

    def post(self, prepared: str, raw: int) -> Embedding:
        return Embedding(tokens=raw, dense=unit(np.array([raw, 1.0 if raw else np.nan])))


def tokens(outcomes: Sequence[object]) -> list[int | None]:
    return [one.tokens if isinstance(one, Embedding) else None for one in outcomes]


@given(sizes, st.integers(1, 2000))
def test_every_item_is_planned_once_and_within_the_budget(sizes: list[int], budget: int) -> None:
    groups = plan(sizes, budget)
    assert sorted(i for group in groups for i in group) == list(range(len(sizes)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(sizes[i] for i in group) <= budget


def test_longest_texts_are_planned_first() -> None:
    assert plan([3, 9, 4], budget=9) == [[1], [2, 0]]


@given(st.lists(st.text("abc", min_size=1), max_size=40), st.integers(1, 50))
def test_outcomes_come_back_in_input_order(texts: list[str], budget: int) -> None:
    outcomes = Seam(Lengths(), budget).encode([TextItem(text) for text in texts])
    assert tokens(outcomes) == [len(text) for text in texts]


@pytest.mark.parametrize("room", [1, 2, 3, 7])
def test_a_batch_too_large_for_memory_is_halved_until_it_fits(room: int) -> None:
    model, recovery = Lengths(room), Recovery()
    outcomes = Seam(model, 1000, recovery).encode([TextItem("a" * n) for n in range(1, 9)])
    assert tokens(outcomes) == list(range(1, 9))
    assert recovery.taken[Step.FREE] == 1 and recovery.taken[Step.HALVE] >= 1
    assert Step.FAIL not in recovery.taken


def test_what_cannot_fit_fails_and_the_next_batch_runs() -> None:
    model = Lengths(room=0)
    seam = Seam(model, 1000)
    (outcome,) = seam.encode([TextItem("a")])
    assert isinstance(outcome, Failure) and isinstance(outcome.error, Unavailable)
    assert "batch_tokens" in outcome.error.message
    model.room = 10
    assert tokens(seam.encode([TextItem("a"), TextItem("bb")])) == [1, 2]


@pytest.mark.parametrize(
    ("ladder", "forwards"),
    [((), 1), ((Step.FAIL,), 1), ((Step.FREE, Step.FAIL), 2), ((Step.HALVE, Step.FAIL), 3)],
)
def test_the_ladder_is_data(ladder: tuple[Step, ...], forwards: int) -> None:
    model = Lengths(room=0)
    outcomes = Seam(model, 1000, Recovery(ladder)).encode([TextItem("a"), TextItem("b")])
    assert tokens(outcomes) == [None, None] and len(model.batches) == forwards


def test_freed_memory_is_enough_when_the_second_try_fits() -> None:
    model = Lengths(room=0)
    recovery = Recovery(free=lambda: setattr(model, "room", 9))
    outcomes = Seam(model, 1000, recovery).encode([TextItem("a"), TextItem("bb")])
    assert tokens(outcomes) == [1, 2] and dict(recovery.taken) == {Step.FREE: 1}


@given(st.lists(st.sampled_from(["a", "bb", "ccc", "\0", ""]), max_size=20))
def test_poison_fails_alone(texts: list[str]) -> None:
    outcomes = Seam(Lengths(), 30).encode([TextItem(text) for text in texts])
    assert tokens(outcomes) == [len(t) if t not in ("\0", "") else None for t in texts]
    assert all(isinstance(one.error, ModelError) for one in outcomes if isinstance(one, Failure))


def test_an_item_of_the_wrong_type_fails_alone() -> None:
    outcomes = Seam(Lengths(), 30).encode([TextItem("a"), 7, TextItem("bb")])  # type: ignore[list-item]
    assert tokens(outcomes) == [1, None, 2]


def test_a_defect_in_the_model_is_not_swallowed() -> None:
    model = Lengths()
    model.core = lambda batch: batch.nothing  # type: ignore[method-assign,attr-defined]
    with pytest.raises(AttributeError):
        Seam(model, 30).encode([TextItem("a")])


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=8, max_size=8), st.integers(2, 8))
def test_vectors_are_cut_before_they_are_normalised(values: list[float], size: int) -> None:
    vector = np.array(values, dtype=np.float32)
    vector[0] += 2e3
    assert np.linalg.norm(cut(vector, size)) == pytest.approx(1, abs=1e-6)
    assert cut(vector, size) == pytest.approx(vector[:size] / np.linalg.norm(vector[:size]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_no_vector_is_made_of_nothing(bad: float) -> None:
    with pytest.raises(ModelError):
        unit(np.full(4, bad))
