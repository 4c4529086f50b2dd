"""Similarity: by content, picture or vector, for and against, in every metric."""

from typing import Any
from uuid import UUID

import numpy as np
import pytest

from animevec.catalog.record import Anime
from animevec.errors import InvalidRequest, NotFound, Unavailable
from animevec.index.document import TEXT
from animevec.search.engine import SearchEngine
from animevec.search.explanation import shared
from animevec.search.request import SimilarSearch
from animevec.search.response import SearchResult
from animevec.search.similarity import mean_example
from tests.search.conftest import INDEX, World

BEBOP, NARUTO, ANNE = "mal:1", "mal:20", "mal:283"


@pytest.fixture(scope="module")
def ahead(world: World) -> SearchEngine:
    """An engine that sweeps over all titles instead of asking the index."""
    return world.engine_ahead()


@pytest.fixture(params=["asking", "sweeping"])
def engine(request: pytest.FixtureRequest, world: World, ahead: SearchEngine) -> SearchEngine:
    """The engine over the whole sample, by either way to candidates."""
    return world.engine if request.param == "asking" else ahead


def similar(engine: SearchEngine, *positive: str, **more: Any) -> SearchResult:
    return engine.similar(SimilarSearch(positive=positive, **more))


def test_likeness_states_no_probability_and_is_a_match(engine: SearchEngine) -> None:
    found = similar(engine, "mal:1")
    assert found.match == "likely"
    assert {(hit.match, hit.probability) for hit in found.hits} == {("likely", None)}


def ids(result: SearchResult) -> list[Any]:
    return [hit.id for hit in result.hits]


def test_scores_are_the_cosines_and_the_reference_is_left_out(world: World) -> None:
    found = similar(world.engine, BEBOP, limit=20, mode="vector", vectors={"text": 1})
    me = world.engine.by_id(BEBOP).id
    rows = {h.id: h.vectors[TEXT] for h in world.store.retrieve(INDEX, [me, *ids(found)], (TEXT,))}
    assert me not in ids(found)
    for hit in found.hits:
        assert hit.score == pytest.approx(float(np.dot(rows[me], rows[hit.id])), abs=1e-5)
    assert [h.score for h in found.hits] == sorted((h.score for h in found.hits), reverse=True)


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclid"])
def test_metrics_order_unit_vectors_alike(engine: SearchEngine, metric: Any) -> None:
    cosine, other = similar(engine, BEBOP), similar(engine, BEBOP, metric=metric)
    assert ids(cosine) == ids(other)
    if metric == "euclid":
        for near, far in zip(cosine.hits, other.hits, strict=True):
            assert far.score == pytest.approx((2 - 2 * near.score) ** 0.5, abs=1e-4)


@pytest.mark.parametrize("strategy", ["average_vector", "best_score"])
def test_a_negative_example_pushes_its_like_away(world: World, strategy: Any) -> None:
    plain = similar(world.engine, BEBOP, strategy=strategy)
    against = plain.hits[0].id
    moved = similar(world.engine, BEBOP, negative=[str(against)], strategy=strategy)
    assert against not in ids(moved)
    assert likeness(world, against, moved) < likeness(world, against, plain)


def likeness(world: World, id_: UUID, found: SearchResult) -> float:
    """Mean cosine of the other hits with one title."""
    others = [hit for hit in ids(found) if hit != id_]
    mine, *rows = (h.vectors[TEXT] for h in world.store.retrieve(INDEX, [id_, *others], (TEXT,)))
    return float(np.mean([np.dot(mine, row) for row in rows]))


def test_several_examples_bring_what_lies_between(engine: SearchEngine) -> None:
    both = similar(engine, BEBOP, NARUTO, limit=50)
    alone = set(ids(similar(engine, BEBOP, limit=50)))
    assert set(ids(both)) != alone
    assert set(ids(both)) & alone


def test_looks_come_from_pictures(world: World) -> None:
    found = similar(world.engine, ANNE, mode="visual")
    assert {c.name for hit in found.hits for c in hit.channels} == {"picture", "thumbnail"}
    assert all(hit.record.picture is not None for hit in found.hits)


def test_vectors_can_be_mixed(engine: SearchEngine) -> None:
    text = similar(engine, ANNE, mode="vector", vectors={"text": 1})
    mixed = similar(engine, ANNE, mode="vector", vectors={"text": 1, "picture": 3})
    assert ids(mixed) != ids(text)


def test_content_is_meaning_words_and_labels(engine: SearchEngine) -> None:
    best = similar(engine, BEBOP).hits[0]
    assert [channel.name for channel in best.channels] == ["text", "lexical", "labels"]
    parts = [weight * c.score for weight, c in zip((1, 8, 1), best.channels, strict=True)]
    assert best.score == pytest.approx(sum(parts) / 10, abs=1e-5)


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclid"])
def test_shares_are_what_the_vectors_add(engine: SearchEngine, metric: Any) -> None:
    for hit in similar(engine, BEBOP, metric=metric, limit=50).hits:
        values = [1 - c.score**2 / 2 if metric == "euclid" else c.score for c in hit.channels]
        parts = [weight * max(0.0, v) for weight, v in zip((1, 8, 1), values, strict=True)]
        shares = [part / sum(parts) for part in parts]
        assert [c.share for c in hit.channels] == pytest.approx(shares, abs=1e-4)
        assert sum(c.share for c in hit.channels) == pytest.approx(1)


def test_likeness_of_a_pair_is_its_score_and_goes_both_ways(engine: SearchEngine) -> None:
    me = engine.by_id(BEBOP).id
    for hit in similar(engine, BEBOP, limit=3).hits:
        there, back = engine.likeness([(me, hit.id), (hit.id, me)])
        assert there == pytest.approx(hit.score, abs=1e-5)
        assert back == pytest.approx(hit.score, abs=1e-5)
    assert engine.likeness([(me, UUID(int=0))]) == [None]


def test_a_title_without_a_picture_has_no_look(engine: SearchEngine) -> None:
    with pytest.raises(InvalidRequest, match="has a vector picture or thumbnail"):
        similar(engine, "mal:54492", mode="visual")


def test_what_could_not_be_compared_is_said(engine: SearchEngine) -> None:
    found = similar(engine, ANNE, "mal:54492", mode="visual", filters={"studios": "Nobody"})
    assert found.warnings == (
        "no title has studios 'Nobody'",
        "mal:54492 has no vector picture or thumbnail and was left out",
    )
    assert similar(engine, ANNE).warnings == ()


def test_thresholds_and_pages(engine: SearchEngine) -> None:
    whole = similar(engine, BEBOP, limit=30)
    assert ids(similar(engine, BEBOP, limit=10, offset=10)) == ids(whole)[10:20]
    floor = whole.hits[4].score
    assert ids(similar(engine, BEBOP, limit=30, score_threshold=floor)) == ids(whole)[:5]
    far = similar(engine, BEBOP, limit=30, metric="euclid").hits[4].score
    near = similar(engine, BEBOP, limit=30, metric="euclid", score_threshold=far)
    assert ids(near) == ids(whole)[:5]


def test_what_is_shared_is_shared_in_any_spelling(sample: list[Anime]) -> None:
    one = sample[0].model_copy(update={"studios": ("Mad House",)})
    other = sample[1].model_copy(update={"studios": ("madhouse", "Bones")})
    assert shared([one], other).studios == ("madhouse",)


def test_filters_franchises_and_what_is_shared(engine: SearchEngine) -> None:
    found = similar(engine, BEBOP, filters={"type": "TV"}, exclude_franchise=True, explain=True)
    assert all(hit.record.type == "TV" for hit in found.hits)
    assert "Cowboy Bebop" not in {hit.record.title.split(":")[0] for hit in found.hits}
    reference = engine.by_id(BEBOP).record
    for hit in found.hits:
        assert hit.explanation is not None
        assert hit.explanation.shared is not None
        assert set(hit.explanation.shared.genres) == {*hit.record.genres} & {*reference.genres}


def test_contradictions_and_strangers_are_refused(engine: SearchEngine) -> None:
    with pytest.raises(InvalidRequest, match="both a positive and a negative"):
        similar(engine, BEBOP, negative=[BEBOP])
    with pytest.raises(NotFound, match="mal:0"):
        similar(engine, "mal:0")


def test_one_bad_reference_of_a_batch_hurts_no_other(engine: SearchEngine) -> None:
    asked = [SimilarSearch(positive=(key,)) for key in (BEBOP, "mal:0", NARUTO)]
    good, bad, other = engine.similar_batch(asked)
    assert good.result is not None
    assert other.result is not None
    assert ids(good.result) == ids(similar(engine, BEBOP))
    assert bad.result is None
    assert bad.error is not None
    assert bad.error["code"] == "not_found"


def test_searches_of_a_batch_are_answered_as_if_alone(engine: SearchEngine) -> None:
    asked = [
        SimilarSearch(positive=(BEBOP,), limit=5),
        SimilarSearch(positive=(NARUTO,), mode="vector", vectors={"text": 1}),
        SimilarSearch(positive=(BEBOP,), filters={"genres": "no such field value", "limit": 3}),
        SimilarSearch(positive=(ANNE,), filters={"type": "TV"}, metric="euclid"),
        SimilarSearch(positive=(BEBOP, ANNE), negative=(NARUTO,), strategy="best_score"),
        SimilarSearch(positive=(NARUTO,), filters={"type": "TV"}, nsfw="include"),
        SimilarSearch(positive=(BEBOP,), limit=5),
    ]
    outcomes = engine.similar_batch(asked)
    assert [outcome.error is None for outcome in outcomes] == [True, True, False] + [True] * 4
    for search, outcome in zip(asked, outcomes, strict=True):
        if outcome.result is not None:
            alone = engine.similar(search).model_dump(exclude={"timings_ms"})
            assert outcome.result.model_dump(exclude={"timings_ms"}) == alone
            assert {"retrieve", "rank", "total"} <= {*outcome.result.timings_ms}


def test_a_sweep_answers_as_an_index_does_that_misses_nothing(
    world: World, ahead: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches = [
        SimilarSearch(positive=(BEBOP,), limit=100),
        SimilarSearch(positive=(BEBOP, ANNE), negative=(NARUTO,), strategy="best_score"),
        SimilarSearch(positive=(ANNE,), exclude_franchise=True, nsfw="include", metric="euclid"),
        SimilarSearch(positive=(NARUTO,), fold_franchise=True, offset=20, nsfw="demote"),
    ]
    there = [world.engine.similar(search) for search in searches]
    monkeypatch.setattr(world.store, "query_batch", None)
    for search, asked in zip(searches, there, strict=True):
        assert ids(ahead.similar(search)) == ids(asked)


def test_adult_titles_come_only_where_they_may(engine: SearchEngine) -> None:
    adult = "Tokyo Ghoul"
    for nsfw, comes in (("exclude", False), ("include", True), ("exclude", False)):
        pages = [similar(engine, BEBOP, limit=100, offset=at, nsfw=nsfw) for at in (0, 100, 200)]
        titles = {hit.record.title for page in pages for hit in page.hits}
        assert len(titles) > 200
        assert (adult in titles) == comes


def test_what_changes_is_compared_at_once(small: World) -> None:
    engine = small.engine_ahead()
    titles = [*small.catalog.iterate()]
    before = similar(engine, str(titles[0].id), limit=20)
    gone, changed = titles[1], titles[2].model_copy(update={"synopsis": titles[0].synopsis})
    small.catalog.delete([gone.id], actor="test", reason="test")
    small.store.delete(INDEX, [gone.id])
    small.catalog.put([changed], actor="test")
    small.index([changed])
    engine.refresh()
    for _ in range(2):
        after = similar(engine, str(titles[0].id), limit=20)
        assert gone.id not in ids(after)
        assert ids(after)[0] == changed.id
        assert {*ids(after)} == {*ids(before)} - {gone.id}
        engine.prepare()


def test_an_index_that_fails_for_one_scope_leaves_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = world.store.query_batch

    def failing(name: str, queries: Any) -> Any:
        if queries[0].filter is not None:
            raise Unavailable("the index is away")
        return asked(name, queries)

    monkeypatch.setattr(world.store, "query_batch", failing)
    searches = [
        SimilarSearch(positive=(BEBOP,)),
        SimilarSearch(positive=(BEBOP,), filters={"type": "TV"}),
        SimilarSearch(positive=(NARUTO,)),
    ]
    outcomes = world.engine.similar_batch(searches)
    assert [outcome.result is None for outcome in outcomes] == [False, True, False]
    assert outcomes[1].error is not None
    assert outcomes[1].error["code"] == "unavailable"


def test_the_mean_of_examples_is_qdrants() -> None:
    likes = np.array([[1.0, 0.0], [0.0, 1.0]])
    unlike = np.array([[0.0, 1.0]])
    assert mean_example(likes, unlike).tolist() == [[1.0, 0.0]]
    assert mean_example(likes, likes[:0]).tolist() == [[0.5, 0.5]]


def test_demoting_leaves_the_nearest_first(engine: SearchEngine) -> None:
    found = similar(engine, BEBOP, metric="euclid", nsfw="demote")
    assert ids(found) == ids(similar(engine, BEBOP, metric="euclid"))
    assert [hit.score for hit in found.hits] == sorted(hit.score for hit in found.hits)
