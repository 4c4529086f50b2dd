"""Fusion: the published formula, weights that do what they say, order that never wavers."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animevec.search.fusion import ChannelRun, Fusion, blended, reciprocal

A, B, C = (UUID(int=n) for n in (1, 2, 3))


def run(name: str, weight: float, *ids: UUID) -> ChannelRun:
    return ChannelRun(name, weight, [(id_, 1.0 - place / 10) for place, id_ in enumerate(ids)])


def test_reciprocal_ranks_add_up_with_k_60_and_rank_one_first() -> None:
    fused = reciprocal([run("text", 1.0, A, B), run("lexical", 2.0, B)])
    scores = {one.id: one.score for one in fused}
    ceiling = 3 / 61
    assert scores[B] == pytest.approx((1 / 62 + 2 / 61) / ceiling)
    assert scores[A] == pytest.approx((1 / 61) / ceiling)
    assert [one.id for one in fused] == [B, A]


def test_a_hit_says_which_channel_found_it_where_and_with_which_share() -> None:
    best = reciprocal([run("text", 1.0, A, B), run("lexical", 3.0, B)])[0]
    assert [(part.name, part.rank) for part in best.parts] == [("text", 2), ("lexical", 1)]
    assert best.parts[1].share == pytest.approx((3 / 61) / (3 / 61 + 1 / 62))


def test_blending_keeps_how_far_ahead_the_best_is() -> None:
    text = ChannelRun("text", 1.0, [(A, 0.9), (B, 0.3), (C, 0.2)])
    lexical = ChannelRun("lexical", 1.0, [(B, 5.0), (A, 4.8), (C, 1.0)])
    assert blended([text, lexical])[0].id == A
    assert reciprocal([text, lexical])[0].score == reciprocal([text, lexical])[1].score


def test_titles_without_a_difference_come_by_id() -> None:
    for fuse in (reciprocal, blended):
        assert [one.id for one in fuse([run("a", 1, B, A), run("b", 1, A, B)], 60)] == [A, B]


def test_titles_left_out_leave_no_gap() -> None:
    assert run("text", 1, A, B, C).without({A}).hits == [(B, 0.9), (C, 0.8)]


ids = st.lists(st.integers(1, 30), unique=True, max_size=20)
runs = st.lists(
    st.builds(
        lambda name, weight, found: ChannelRun(
            name, weight, [(UUID(int=n), 1.0 - 0.01 * at) for at, n in enumerate(found)]
        ),
        st.sampled_from(["text", "lexical", "title"]),
        st.sampled_from([0.0, 0.5, 1.0, 100.0]),
        ids,
    ),
    max_size=4,
    unique_by=lambda one: one.name,
)


@pytest.mark.parametrize("fuse", [reciprocal, blended])
@given(runs=runs)
def test_scores_are_shares_of_the_best_possible(fuse: Fusion, runs: list[ChannelRun]) -> None:
    fused = fuse(runs, 60)
    assert {one.id for one in fused} == {i for r in runs if r.weight for i, _ in r.hits}
    assert all(0 <= one.score <= 1 + 1e-9 for one in fused)
    assert [one.score for one in fused] == sorted((one.score for one in fused), reverse=True)
    assert all(sum(part.share for part in one.parts) == pytest.approx(1) for one in fused)


@given(runs=runs, factor=st.floats(0.1, 10))
def test_only_the_proportions_of_weights_matter(runs: list[ChannelRun], factor: float) -> None:
    scaled = [ChannelRun(r.name, r.weight * factor, r.hits) for r in runs]
    first, second = reciprocal(runs), reciprocal(scaled)
    assert {o.id: round(o.score, 9) for o in first} == {o.id: round(o.score, 9) for o in second}
