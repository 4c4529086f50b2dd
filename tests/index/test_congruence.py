"""Both engines answer like qdrant-client's local mode, whatever is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

from animevec.encoders.base import SparseVector
from animevec.index.base import DenseSpec, Query, VectorStore
from animevec.index.server_config import DISTANCES
from animevec.index.server_points import point_struct, server_vector
from tests.index.conftest import (
    ENGINES,
    GENRES,
    SCHEMA,
    make_points,
    open_store,
    point_id,
    terms,
    unit,
)

POINTS = make_points(300)


@dataclass(frozen=True)
class Pair:
    """A store under test beside the oracle, holding the same points."""

    store: VectorStore
    name: str
    oracle: QdrantClient


@pytest.fixture(scope="module", params=ENGINES)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    store = open_store(request.param, tmp_path_factory.mktemp("store"))
    name = f"congruence-{uuid4().hex[:8]}"
    store.create(name, SCHEMA)
    store.upsert(name, POINTS)
    yield Pair(store, name, make_oracle())
    store.drop(name)
    store.close()


def make_oracle() -> QdrantClient:
    oracle = QdrantClient(":memory:")
    oracle.create_collection(
        "oracle",
        vectors_config={
            key: models.VectorParams(size=spec.size, distance=DISTANCES[spec.distance])
            for key, spec in SCHEMA.dense.items()
        },
        sparse_vectors_config={
            key: models.SparseVectorParams(
                modifier=models.Modifier.IDF if key in SCHEMA.idf else None
            )
            for key in SCHEMA.sparse
        },
    )
    oracle.upsert("oracle", [point_struct(point) for point in POINTS])
    return oracle


def expected(pair: Pair, query: Query) -> list[tuple[UUID, float]]:
    """The oracle's whole ranking, ties put in the order the protocol promises."""
    found = pair.oracle.query_points(
        "oracle",
        query=server_vector(query.vector),
        using=query.using,
        query_filter=query.filter,
        score_threshold=query.score_threshold,
        limit=len(POINTS),
    ).points
    spec = SCHEMA.dense.get(query.using)
    sign = 1 if spec is not None and spec.distance.value == "euclid" else -1
    ranking = sorted((sign * one.score, UUID(str(one.id))) for one in found)
    return [(id, sign * score) for score, id in ranking][: query.limit]


def assert_same(pair: Pair, query: Query) -> None:
    [hits] = pair.store.query_batch(pair.name, [query])
    wanted = expected(pair, query)
    assert np.allclose([hit.score for hit in hits], [score for _, score in wanted], atol=1e-4)
    assert [hit.id for hit in hits] == [id for id, _ in wanted]


def a_vector(using: str, seed: int) -> np.ndarray | SparseVector:
    rng = np.random.default_rng(seed)
    spec: DenseSpec | None = SCHEMA.dense.get(using)
    return terms(rng) if spec is None else unit(rng, spec.size)


VALUES = {
    "genres": st.sampled_from([*GENRES, "Unknown"]),
    "type": st.sampled_from(["TV", "MOVIE", "OVA", "ONA"]),
    "year": st.integers(1988, 2022),
    "episodes": st.integers(0, 62),
    "nsfw": st.booleans(),
}
NUMBERS = {"year": VALUES["year"], "episodes": VALUES["episodes"], "score": st.floats(0, 10)}


@st.composite
def matches(draw: st.DrawFn) -> models.FieldCondition:
    key = draw(st.sampled_from(sorted(VALUES)))
    if key == "nsfw" or draw(st.booleans()):
        return models.FieldCondition(key=key, match=models.MatchValue(value=draw(VALUES[key])))
    several = draw(st.lists(VALUES[key], min_size=1, max_size=3, unique=True))
    match = draw(st.sampled_from(["any", "except"]))
    return models.FieldCondition.model_validate({"key": key, "match": {match: several}})


@st.composite
def ranges(draw: st.DrawFn) -> models.FieldCondition:
    key = draw(st.sampled_from(sorted(NUMBERS)))
    bounds = draw(
        st.dictionaries(
            st.sampled_from(["gte", "gt", "lte", "lt"]), NUMBERS[key], min_size=1, max_size=2
        )
    )
    return models.FieldCondition(key=key, range=models.Range(**bounds))


KEYS = st.sampled_from(sorted(SCHEMA.payload))
LEAVES: st.SearchStrategy[models.Condition] = st.one_of(
    matches(),
    ranges(),
    st.builds(
        lambda key: models.IsEmptyCondition(is_empty=models.PayloadField(key=key)),
        KEYS,
    ),
    st.builds(
        lambda numbers: models.HasIdCondition(has_id=[str(point_id(one)) for one in numbers]),
        st.lists(st.integers(0, 320), max_size=40, unique=True),
    ),
    st.builds(
        lambda name: models.HasVectorCondition(has_vector=name),
        st.sampled_from([*SCHEMA.dense, *SCHEMA.sparse]),
    ),
)


def clauses(inner: st.SearchStrategy[models.Condition]) -> st.SearchStrategy[models.Filter]:
    several = st.none() | st.lists(inner, min_size=1, max_size=3)
    return st.builds(models.Filter, must=several, should=several, must_not=several)


FILTERS = clauses(st.recursive(LEAVES, clauses, max_leaves=6))
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("using", [*SCHEMA.dense, *SCHEMA.sparse])
@pytest.mark.parametrize("limit", [1, 10, 300])
def test_nearest_over_every_vector(pair: Pair, using: str, limit: int) -> None:
    for seed in range(5):
        assert_same(pair, Query(a_vector(using, seed), using, limit))


@QUICK
@given(
    filter=FILTERS, using=st.sampled_from([*SCHEMA.dense, *SCHEMA.sparse]), seed=st.integers(0, 9)
)
def test_any_filter_on_any_vector(pair: Pair, filter: models.Filter, using: str, seed: int) -> None:
    assert_same(pair, Query(a_vector(using, seed), using, 15, filter=filter))


@QUICK
@given(filter=FILTERS)
def test_count_facet_and_scroll_under_any_filter(pair: Pair, filter: models.Filter) -> None:
    count = pair.oracle.count("oracle", filter).count
    assert pair.store.count(pair.name, filter) == count
    assert len(list(pair.store.scroll(pair.name, filter))) == count
    hits = pair.oracle.facet("oracle", "genres", filter, limit=100).hits
    wanted = sorted(((one.value, one.count) for one in hits), key=lambda pair: (-pair[1], pair[0]))
    assert list(pair.store.facet(pair.name, "genres", filter).items()) == wanted


@pytest.mark.parametrize(
    "span",
    [
        {"lt": 5.8, "lte": 3.5},
        {"lt": 3.5, "lte": 5.8},
        {"gt": 3.5, "gte": 5.8},
        {"gt": 5.8, "gte": 3.5},
        {"gt": 5.0, "gte": 5.0, "lt": 8.0, "lte": 8.0},
    ],
)
def test_of_two_bounds_the_tighter_holds(pair: Pair, span: dict[str, float]) -> None:
    condition = models.FieldCondition(key="score", range=models.Range(**span))
    assert_same(pair, Query(a_vector("text", 1), "text", 300, models.Filter(must=[condition])))


@pytest.mark.parametrize(
    ("using", "threshold"),
    [("text", 0.3), ("picture", 1.0), ("thumbnail", 2.0), ("lexical", 3.0), ("learned", 2.0)],
)
def test_score_threshold(pair: Pair, using: str, threshold: float) -> None:
    query = Query(a_vector(using, 1), using, 300, score_threshold=threshold)
    assert 0 < len(expected(pair, query)) < 200
    assert_same(pair, query)


def test_at_least_some_of(pair: Pair) -> None:
    wanted = [
        models.FieldCondition(key="genres", match=models.MatchValue(value=genre))
        for genre in GENRES[:3]
    ]
    minimum = models.MinShould(conditions=wanted, min_count=2)
    assert_same(pair, Query(a_vector("text", 3), "text", 20, models.Filter(min_should=minimum)))


def test_values_count(pair: Pair) -> None:
    many = models.FieldCondition(key="genres", values_count=models.ValuesCount(gte=3))
    filter = models.Filter(must=many)
    assert pair.store.count(pair.name, filter) == pair.oracle.count("oracle", filter).count > 0


def test_every_query_of_a_batch_gets_its_own_answer(pair: Pair) -> None:
    queries = [
        Query(a_vector(using, seed), using, 3 + seed) for seed in range(3) for using in SCHEMA.dense
    ]
    found = pair.store.query_batch(pair.name, queries)
    assert [[hit.id for hit in hits] for hits in found] == [
        [id for id, _ in expected(pair, query)] for query in queries
    ]


def test_retrieve_keeps_the_order_asked_and_leaves_out_the_unknown(pair: Pair) -> None:
    ids = [point_id(7), point_id(999), point_id(2), point_id(7)]
    found = pair.store.retrieve(pair.name, ids, ["text", "lexical"])
    assert [hit.id for hit in found] == [point_id(7), point_id(2)]
    assert found[0].payload == POINTS[7].payload
    assert np.allclose(found[1].vectors["text"], POINTS[2].vectors["text"], atol=1e-6)
    kept, given = found[1].vectors["lexical"], POINTS[2].vectors["lexical"]
    assert isinstance(kept, SparseVector) and isinstance(given, SparseVector)
    assert np.array_equal(kept.indices, given.indices)
    assert np.allclose(kept.values, given.values)


def test_an_absent_vector_stays_absent(pair: Pair) -> None:
    [found] = pair.store.retrieve(pair.name, [point_id(0)], ["text", "picture", "lexical"])
    assert set(found.vectors) == {"text"}


def test_scroll_visits_every_point_once_in_order_of_id(pair: Pair) -> None:
    ids = [hit.id for hit in pair.store.scroll(pair.name)]
    assert ids == sorted(point.id for point in POINTS)


def test_snapshot_and_restore(pair: Pair, tmp_path: Path) -> None:
    copy = f"{pair.name}-copy"
    pair.store.set_watermark(pair.name, 17)
    pair.store.restore(copy, pair.store.snapshot(pair.name, tmp_path))
    try:
        assert pair.store.count(copy) == len(POINTS)
        assert pair.store.watermark(copy) == 17
        assert pair.store.schema(copy) == SCHEMA
        query = Query(a_vector("text", 5), "text", 10)
        assert pair.store.query_batch(copy, [query]) == pair.store.query_batch(pair.name, [query])
    finally:
        pair.store.drop(copy)
