"""Comparing candidates with examples: against the plain formulas, for every metric."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from animevec.encoders.base import SparseVector
from animevec.search.comparison import Comparison, compared, mean_example, sought
from animevec.search.request import SimilarSearch
from animevec.search.table import Table, Vectors

IDS = [UUID(int=1000 - number) for number in range(40)]
WEIGHTS = {"text": 1.0, "words": 3.0}


def traits(id_: UUID) -> Vectors:
    chance = np.random.default_rng(id_.int)
    text = chance.normal(size=4).astype(np.float32)
    terms = np.unique(chance.integers(0, 9, 4)).astype(np.uint32)
    words = SparseVector(terms, chance.random(len(terms)).astype(np.float32))
    return {"text": text} if id_.int % 7 == 0 else {"text": text, "words": words}


def dense(id_: UUID, name: str) -> np.ndarray | None:
    """A vector as an array over all terms; None where the title has none."""
    vector = traits(id_).get(name)
    if not isinstance(vector, SparseVector):
        return vector
    whole = np.zeros(9, np.float32)
    whole[vector.indices] = vector.values
    return whole


def likeness(metric: str, one: np.ndarray, other: np.ndarray) -> float:
    if metric == "euclid":
        return -float(np.linalg.norm(one - other))
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other)) if metric == "cosine" else 1.0
    return float(one @ other) / lengths


def expected(search: SimilarSearch, likes: list[UUID], unlike: list[UUID], id_: UUID) -> float:
    """The score by the formulas, one title and one vector at a time."""
    total = 0.0
    for name, weight in WEIGHTS.items():
        mine = dense(id_, name)
        value = -(2**0.5) if search.metric == "euclid" else 0.0
        if mine is not None:
            liked = np.stack([v for i in likes if (v := dense(i, name)) is not None])
            against = [v for i in unlike if (v := dense(i, name)) is not None]
            unliked = np.stack(against) if against else np.zeros((0, len(mine)), np.float32)
            if search.strategy == "average_vector":
                value = likeness(search.metric, mine, mean_example(liked, unliked)[0])
            else:
                value = max(likeness(search.metric, mine, one) for one in liked)
                worst = max((likeness(search.metric, mine, one) for one in unliked), default=-99)
                if worst >= value:
                    value = -(worst**2) - (4 if search.metric == "euclid" else 0)
        share = weight / sum(WEIGHTS.values())
        total += share * (value * abs(value) if search.metric == "euclid" else value)
    if search.metric != "euclid":
        return total
    return float(-np.copysign(abs(total) ** 0.5, total))


def comparison(
    likes: list[UUID], unlike: list[UUID], weights: Mapping[str, float] = WEIGHTS, **more: Any
) -> Comparison:
    table = Table()
    rows = table.take(IDS, lambda ids: {id_: traits(id_) for id_ in ids})
    excluded = more.pop("excluded", ())
    search = SimilarSearch(positive=("x",), **more)
    examples = {
        name: tuple(
            group[table.column(name).having(group)]  # type: ignore[union-attr]
            for group in (table.known(likes), table.known(unlike))
        )
        for name in weights
    }
    wanted = sought(search, table, examples)  # type: ignore[arg-type]
    return compared(search, table, rows, wanted, weights, excluded)


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclid"])
@pytest.mark.parametrize("strategy", ["average_vector", "best_score"])
def test_scores_are_those_of_the_formulas(metric: Any, strategy: Any) -> None:
    likes, unlike = IDS[1:4], IDS[10:12]
    found = comparison(likes, unlike, metric=metric, strategy=strategy)
    search = SimilarSearch(positive=("x",), metric=metric, strategy=strategy)
    assert {one.id for one in found} == {*IDS}
    for one in found:
        assert one.score == pytest.approx(expected(search, likes, unlike, one.id), abs=2e-5)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=metric != "euclid")


def test_a_page_is_a_slice_and_says_what_each_vector_said() -> None:
    found = comparison(IDS[1:2], [])
    assert [one.id for one in found[5:9]] == [found[at].id for at in range(5, 9)]
    assert found[-1].id == list(found)[-1].id
    with pytest.raises(IndexError):
        found[len(found)]
    for one in found[:10]:
        assert {part.name for part in one.parts} == {*traits(one.id)}
        mean = sum(part.score * WEIGHTS[part.name] for part in one.parts) / 4
        assert one.score == pytest.approx(mean, abs=1e-6)
    ranks = sorted(part.rank for one in found for part in one.parts if part.name == "words")
    assert ranks == list(range(1, 1 + sum("words" in traits(id_) for id_ in IDS)))


def test_what_is_excluded_or_beyond_the_threshold_is_not_among_them() -> None:
    whole = comparison(IDS[1:2], [])
    left = comparison(IDS[1:2], [], excluded=[whole[0].id, whole[3].id, UUID(int=1)])
    assert [one.id for one in left] == [one.id for at, one in enumerate(whole) if at not in (0, 3)]
    near = comparison(IDS[1:2], [], score_threshold=whole[6].score)
    assert [one.id for one in near] == [one.id for one in whole[:7]]


def test_equals_come_by_id_whatever_row_they_have() -> None:
    same: Vectors = {"text": np.array([0.6, 0.8], np.float32)}
    table = Table()
    for id_ in IDS:  # descending ids
        table.take([id_], lambda ids: {ids[0]: same})
    rows = table.known(IDS)
    examples = {"text": (rows[:1], rows[:0])}
    search = SimilarSearch(positive=("x",))
    wanted = sought(search, table, examples)
    found = compared(search, table, rows, wanted, {"text": 1.0})
    assert [one.id for one in found] == sorted(IDS)


def test_a_title_as_near_to_the_like_as_to_the_unlike_comes_last() -> None:
    """Products that differ by rounding only must not say that one of them is nearer."""
    chance = np.random.default_rng(7)
    vectors = {id_: chance.normal(size=64).astype(np.float32) for id_ in IDS[:20]}
    twin = IDS[30]
    vectors[twin] = vectors[IDS[0]] * np.float32(3)  # the same direction
    table = Table()
    rows = table.take([*vectors], lambda ids: {id_: {"text": vectors[id_]} for id_ in ids})
    examples = {"text": (table.known([IDS[0]]), table.known([twin]))}
    search = SimilarSearch(positive=("x",), strategy="best_score")
    wanted = sought(search, table, examples)
    found = compared(search, table, rows, wanted, {"text": 1.0}, [IDS[0], twin])
    assert len(found) == 19
    assert all(one.score <= 0 for one in found)
