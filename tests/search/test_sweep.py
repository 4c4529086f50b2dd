"""Sweeping over a table: against plain products of all its titles."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import numpy as np
import pytest

from animevec.encoders.base import SparseVector
from animevec.search import sweep as module
from animevec.search.comparison import sought
from animevec.search.postings import Postings
from animevec.search.request import SimilarSearch
from animevec.search.sweep import Sweep, Swept
from animevec.search.table import Rows, Table, Vectors

IDS = [UUID(int=number) for number in range(300)]
LATER = [UUID(int=number) for number in range(300, 310)]
WIDTH, TERMS = 24, 50
WEIGHTS = {"text": 1.0, "words": 2.0}


def traits(id_: UUID) -> Vectors:
    """Vectors of any length; every ninth title has no words, every eleventh no text."""
    chance = np.random.default_rng(id_.int)
    terms = np.unique(chance.integers(0, TERMS + 10 * (id_ in LATER), 8)).astype(np.uint32)
    vectors: dict[str, np.ndarray | SparseVector] = {}
    if id_.int % 11:
        vectors["text"] = chance.normal(size=WIDTH).astype(np.float32) * chance.integers(1, 9)
    if id_.int % 9:
        vectors["words"] = SparseVector(terms, chance.random(len(terms)).astype(np.float32) + 0.1)
    return vectors


def read(ids: Sequence[UUID]) -> Mapping[UUID, Vectors]:
    return {id_: traits(id_) for id_ in ids}


def unit(id_: UUID, name: str) -> np.ndarray:
    """A vector of length 1 over all terms; zeros where the title has none."""
    vector = traits(id_).get(name)
    whole = np.zeros(WIDTH if name == "text" else TERMS + 10)
    if isinstance(vector, SparseVector):
        whole[vector.indices] = vector.values
    elif vector is not None:
        whole[:] = vector
    return whole / max(float(np.linalg.norm(whole)), 1e-12)


def expected(examples: Sequence[UUID], id_: UUID) -> float:
    """Weighted cosines with the nearest example by each vector."""
    return sum(
        weight * max(float(unit(id_, name) @ unit(one, name)) for one in examples)
        for name, weight in WEIGHTS.items()
    )


@pytest.fixture
def table() -> Table:
    """All titles but those that come later."""
    made = Table()
    made.take(IDS, read)
    return made


def part(table: Table, examples: Sequence[UUID], size: int, without: Sequence[UUID] = ()) -> Swept:
    search = SimilarSearch(positive=("x",), strategy="best_score")
    rows = table.take(examples, read)
    held = {
        name: (rows[column.having(rows)], rows[:0])
        for name, column in table.columns()
        if column.having(rows).any()
    }
    return Swept(sought(search, table, held), WEIGHTS, [size], table.known(without))


def titles(table: Table, found: Iterator[list[Rows]]) -> list[set[UUID]]:
    return [set(table.ids(rows)) for (rows,) in found]


def nearest(examples: Sequence[UUID], size: int, left_out: Sequence[UUID] = ()) -> set[UUID]:
    scores = {id_: expected(examples, id_) for id_ in IDS if id_ not in left_out}
    return {*sorted(scores, key=lambda id_: -scores[id_])[:size]}


@pytest.mark.parametrize("examples", [IDS[5:6], IDS[9:10], IDS[11:12], IDS[40:44]])
def test_the_nearest_are_found(table: Table, examples: list[UUID]) -> None:
    (found,) = titles(table, Sweep(table).nearest([part(table, examples, 30)], ()))
    assert found == nearest(examples, 30)


def test_many_searches_are_swept_as_if_alone(table: Table) -> None:
    sweep = Sweep(table)
    parts = [part(table, IDS[at + 1 : at + 2 + at % 7], 10 + at) for at in range(60)]
    alone = [titles(table, sweep.nearest([one], ()))[0] for one in parts]
    assert titles(table, sweep.nearest(parts, ())) == alone


def test_what_is_unwanted_or_left_out_never_comes(table: Table) -> None:
    sweep, unwanted = Sweep(table), frozenset(IDS[::3])
    parts = [part(table, IDS[4:5], 50, IDS[:20]), part(table, IDS[1:2], 1000)]
    first, second = titles(table, sweep.nearest(parts, unwanted))
    assert first == nearest(IDS[4:5], 50, [*unwanted, *IDS[:20]])
    assert second == {*IDS} - unwanted
    assert titles(table, sweep.nearest(parts[1:], ())) == [{*IDS}]


def test_titles_that_come_later_are_always_among_them(table: Table) -> None:
    sweep = Sweep(table)
    parts = [part(table, LATER[:3], 40, LATER), part(table, [*LATER, *IDS[:2]], 400)]
    found = titles(table, sweep.nearest(parts, ()))
    assert found == [nearest(LATER[:3], 40) | {*LATER}, {*IDS, *LATER}]
    found = titles(table, sweep.nearest(parts, frozenset(LATER)))
    assert found == [nearest(LATER[:3], 40), {*IDS}]


def test_a_title_read_again_counts_as_it_is_now(table: Table) -> None:
    sweep = Sweep(table)
    table.forget([*IDS[:10], LATER[0]])
    assert titles(table, sweep.nearest([part(table, IDS[20:21], 300)], ())) == [{*IDS[10:]}]
    again = {IDS[3]: traits(IDS[20])}
    (row,) = table.take(IDS[3:4], lambda ids: again)
    ((found,),) = sweep.nearest([part(table, IDS[20:21], 5)], ())
    assert row in found
    assert row >= len(IDS)
    assert not {*found.tolist()} & {*range(10)}


def test_few_axes_and_postings_find_most_of_the_nearest(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AXES", WIDTH // 2)
    monkeypatch.setattr(module, "BUDGET", 100)
    sweep = Sweep(table)
    shares = []
    for id_ in IDS[1:60]:
        (found,) = titles(table, sweep.nearest([part(table, [id_], 100)], ()))
        shares.append(len(found & nearest([id_], 20)) / 20)
    assert np.mean(shares) > 0.75


def test_the_rarest_terms_count_within_the_budget() -> None:
    terms, rows = np.array([0, 1, 1, 2, 2, 2, 0]), np.array([0, 0, 1, 0, 1, 2, 3])
    weights = np.array([1, 2, 3, 4, 5, 6, 7.0])
    postings = Postings.of(terms, rows, weights, 4)
    asked, ones = np.array([2, 0, 1]), np.ones(3)
    assert postings.products(asked, ones, 7).tolist() == [7, 8, 6, 7]
    assert postings.products(asked, ones, 6).tolist() == [3, 3, 0, 7]
    assert postings.products(asked, ones, 0).tolist() == [1, 0, 0, 7]
    assert postings.products(np.array([9]), np.ones(1), 7).tolist() == [0, 0, 0, 0]
    assert postings.products(np.array([9, 1]), np.array([1, 2.0]), 7).tolist() == [4, 6, 0, 0]
