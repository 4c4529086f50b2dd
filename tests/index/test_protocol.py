"""What every store refuses and how it names things, whichever the engine."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import models

from animevec.encoders.base import SparseVector
from animevec.errors import Conflict, InvalidRequest, NotFound
from animevec.index.base import DenseSpec, IndexSchema, Point, Query, VectorStore
from tests.index.conftest import SCHEMA, make_points, point_id

GOOD = np.ones(8, dtype=np.float32)


def sparse(indices: list[int], values: list[float]) -> SparseVector:
    return SparseVector(np.array(indices, dtype=np.uint32), np.array(values, dtype=np.float32))


def condition(**arguments: object) -> models.Filter:
    return models.Filter(must=[models.FieldCondition.model_validate(arguments)])


@pytest.fixture(params=["embedded", "server"])
def store(request: pytest.FixtureRequest, make_store: Callable[[str], VectorStore]) -> VectorStore:
    opened = make_store(request.param)
    opened.create("titles", SCHEMA)
    return opened


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        ({"text": np.ones(7, dtype=np.float32)}, r"shape \[7\]; the index takes \[8\]"),
        ({"text": np.full(8, np.nan, dtype=np.float32)}, "not finite"),
        ({"text": np.array([np.inf, *[1] * 7], dtype=np.float32)}, "not finite"),
        ({"text": np.zeros(8, dtype=np.float32)}, "leave an absent input out"),
        ({"texts": GOOD}, "no vector 'texts'; it has text, picture"),
        ({"lexical": GOOD}, "is sparse"),
        ({"text": sparse([1], [1.0])}, "is dense"),
        ({"lexical": sparse([2, 1], [1.0, 1.0])}, "ascending"),
        ({"lexical": sparse([1, 1], [1.0, 1.0])}, "ascending"),
        ({"lexical": sparse([1, 2], [1.0, -1.0])}, "above 0"),
        ({"lexical": sparse([1, 2], [1.0, float("nan")])}, "above 0"),
    ],
)
def test_wrong_vectors_are_refused_before_anything_is_written(
    store: VectorStore, vectors: dict[str, object], words: str
) -> None:
    good = Point(point_id(1), {"text": GOOD}, {})
    bad = Point(point_id(2), vectors, {})  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match=words):
        store.upsert("titles", [good, bad])
    assert store.count("titles") == 0
    [(using, vector)] = vectors.items()
    with pytest.raises(InvalidRequest, match=words):
        store.query_batch("titles", [Query(vector, using, 5)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "payload",
    [{"year": "1999"}, {"year": True}, {"genres": [1]}, {"nsfw": 1}, {"score": float("nan")}],
)
def test_a_payload_of_another_type_is_refused(
    store: VectorStore, payload: dict[str, object]
) -> None:
    with pytest.raises(InvalidRequest, match="takes"):
        store.upsert("titles", [Point(point_id(1), {"text": GOOD}, payload)])


@pytest.mark.parametrize(
    ("filter", "words"),
    [
        (condition(key="studio", match={"value": "x"}), "'studio' cannot be filtered; filter by"),
        (condition(key="year", match={"value": "1999"}), "is integer and does not match"),
        (condition(key="score", match={"value": 7}), "use a range"),
        (condition(key="genres", range={"gte": 1}), "ranges need a number"),
        (condition(key="score", range={"gte": float("nan")}), "gte of 'score' is nan; it must be"),
        (condition(key="year", range={"gt": 1, "lt": float("inf")}), "lt of 'year' is inf"),
        (models.Filter(min_should=models.MinShould(conditions=[], min_count=0)), "min_count is 0"),
        (condition(key="genres", match={"text": "sci"}), "MatchText"),
        (condition(key="year"), "exactly one of"),
        (condition(key="year", match={"value": 1}, range={"gte": 1}), "exactly one of"),
        (models.Filter(must_not=models.HasIdCondition(has_id=[7])), "7 is no UUID"),
        (
            models.Filter(should=[condition(key="nope", match={"value": "x"})]),
            "'nope' cannot be filtered",
        ),
        (
            models.Filter(
                must=models.NestedCondition(
                    nested=models.Nested(key="genres", filter=models.Filter())
                )
            ),
            "payloads here are flat",
        ),
    ],
)
def test_filters_no_index_answers_are_refused(
    store: VectorStore, filter: models.Filter, words: str
) -> None:
    for ask in (
        lambda: store.count("titles", filter),
        lambda: store.scroll("titles", filter),
        lambda: store.facet("titles", "genres", filter),
        lambda: store.query_batch("titles", [Query(GOOD, "text", 3, filter)]),
    ):
        with pytest.raises(InvalidRequest, match=words):
            ask()


@pytest.mark.parametrize(
    ("field", "words"), [("score", "'score' is float"), ("studio", "'studio' cannot be filtered")]
)
def test_values_are_not_counted_of_decimals_or_unknown_fields(
    store: VectorStore, field: str, words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        store.facet("titles", field)


@pytest.mark.parametrize("limit", [0, -1, 20_001])
def test_limits_outside_the_range_are_refused(store: VectorStore, limit: int) -> None:
    with pytest.raises(InvalidRequest, match="must be 1 to 20,000"):
        store.query_batch("titles", [Query(GOOD, "text", limit)])


def test_an_unknown_index_is_not_found(store: VectorStore) -> None:
    for ask in (
        lambda: store.count("nope"),
        lambda: store.schema("nope"),
        lambda: store.drop("nope"),
        lambda: store.watermark("nope"),
        lambda: store.switch("live", "nope"),
        lambda: store.upsert("nope", make_points(1)),
    ):
        with pytest.raises(NotFound, match="no index 'nope'"):
            ask()


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "x" * 129])
def test_names_that_are_no_names_are_refused(store: VectorStore, name: str) -> None:
    with pytest.raises(InvalidRequest, match="letters, digits"):
        store.create(name, SCHEMA)


def test_a_taken_name_is_a_conflict(store: VectorStore) -> None:
    store.switch("live", "titles")
    for name in ("titles", "live"):
        with pytest.raises(Conflict, match="taken"):
            store.create(name, SCHEMA)
    with pytest.raises(Conflict, match="choose another alias"):
        store.switch("titles", "titles")


def test_an_alias_moves_at_once_and_stands_for_the_index_everywhere(store: VectorStore) -> None:
    points = make_points(6)
    store.create("other", IndexSchema({"text": DenseSpec(8)}))
    store.upsert("titles", points)
    store.switch("live", "titles")
    assert (store.resolve("live"), store.resolve("titles")) == ("titles", None)
    assert store.count("live") == 6
    assert store.stats("live").name == "titles"
    store.delete("live", [points[0].id])
    store.set_watermark("live", 3)
    assert (store.count("titles"), store.watermark("titles")) == (5, 3)
    store.switch("live", "other")
    assert store.count("live") == 0
    store.drop("titles")
    assert store.names() == ["other"]


def test_deleted_points_are_gone_from_everywhere(store: VectorStore) -> None:
    points = make_points(40)
    store.upsert("titles", points)
    gone = [point.id for point in points[:15]]
    store.delete("titles", [*gone, point_id(999)])
    assert store.count("titles") == 25
    assert store.retrieve("titles", gone) == []
    [hits] = store.query_batch("titles", [Query(GOOD, "text", 40)])
    assert len(hits) == 25 and not {hit.id for hit in hits} & set(gone)
    assert sum(store.facet("titles", "type").values()) == 25


def test_vectors_and_payload_come_back_as_asked(store: VectorStore) -> None:
    points = make_points(8)
    store.upsert("titles", points)
    query = Query(GOOD, "text", 3, with_payload=True, with_vectors=("text", "lexical"))
    [hits] = store.query_batch("titles", [query])
    given = {point.id: point for point in points}
    for hit in hits:
        assert hit.payload == given[hit.id].payload
        assert set(hit.vectors) <= {"text", "lexical"}
        assert np.allclose(hit.vectors["text"], given[hit.id].vectors["text"], atol=1e-6)
    [bare] = store.query_batch("titles", [Query(GOOD, "text", 1)])
    assert (bare[0].payload, bare[0].vectors) == ({}, {})


def test_an_index_tells_what_made_its_vectors_wherever_it_is_moved(
    store: VectorStore, tmp_path: Path
) -> None:
    named = replace(SCHEMA, encoders="hash@1/8")
    store.create("named", named)
    store.upsert("named", make_points(3))
    store.set_watermark("named", 5)
    store.restore("moved", store.snapshot("named", tmp_path))
    assert store.schema("moved") == store.schema("named") == named
    assert store.watermark("moved") == 5


def test_a_fresh_index_has_watermark_zero_and_its_schema(store: VectorStore) -> None:
    assert store.watermark("titles") == 0
    assert store.schema("titles") == SCHEMA
    store.flush("titles")
    store.optimize("titles")
    assert store.stats("titles").optimized
