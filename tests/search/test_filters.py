"""Filters: what may be written, what it means, and that both engines mean the same."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from animevec.errors import InvalidRequest
from animevec.index.base import DenseSpec, IndexSchema, PayloadType, Point
from animevec.index.edge import EmbeddedStore
from animevec.search.filters import (
    MAX_DEPTH,
    And,
    FilterParser,
    Node,
    Not,
    Or,
    Range,
    Terms,
    as_json,
    compiled,
    matches,
)

FIELDS = {
    "genres": PayloadType.KEYWORD,
    "type": PayloadType.KEYWORD,
    "year": PayloadType.INTEGER,
    "score": PayloadType.FLOAT,
    "nsfw": PayloadType.BOOL,
}
PARSER = FilterParser(
    FIELDS,
    {
        "genres": {"scifi": ("Sci-Fi",), "mecha": ("Mecha", "mecha")},
        "type": {"tv": ("TV",), "movie": ("MOVIE",)},
    },
    closed=("type",),
)
ACTION = Terms("genres", "any", ("Action",))


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ({"field": "genres", "any": ["Action"]}, ACTION),
        ({"genres": "Action"}, ACTION),
        ({"genres": ["Action"]}, ACTION),
        ({"genres": {"all": ["Action", "Drama"]}}, Terms("genres", "all", ("Action", "Drama"))),
        ({"genres": ["sci fi"]}, Terms("genres", "any", ("Sci-Fi",))),
        ({"genres": "MECHA"}, Terms("genres", "any", ("Mecha", "mecha"))),
        ({"genres": {"none": ["mecha"]}}, Terms("genres", "none", ("Mecha", "mecha"))),
        (
            {"genres": {"all": ["mecha", "Action"]}},
            And((Terms("genres", "any", ("Mecha", "mecha")), ACTION)),
        ),
        ({"type": "tv"}, Terms("type", "any", ("TV",))),
        ({"year": {"gte": 1990, "lt": 2000}}, Range("year", gte=1990, lt=2000)),
        ({"year": 1998}, Terms("year", "any", (1998,))),
        ({"nsfw": False}, Terms("nsfw", "any", (False,))),
        ({"not": {"genres": "Action"}}, Not(ACTION)),
        (
            {"or": [{"genres": "Action"}, {"year": 1998}]},
            Or((ACTION, Terms("year", "any", (1998,)))),
        ),
        ({"genres": "Action", "score": {"gt": 8}}, And((ACTION, Range("score", gt=8)))),
        (
            {"field": "year", "gte": 1990, "none": [1995]},
            And((Terms("year", "none", (1995,)), Range("year", gte=1990))),
        ),
        ({}, None),
    ],
)
def test_what_may_be_written(written: dict[str, Any], means: Node | None) -> None:
    assert PARSER.parse(written) == means


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"colour": "red"}, "unknown filter field 'colour'; allowed: genres, nsfw"),
        ({"genres": 5}, "'genres' takes str values, not 5"),
        ({"genres": []}, "'any' of 'genres' is empty"),
        ({"genres": {"some": ["Action"]}}, "use any, all, none or gte, lte, gt, lt"),
        ({"genres": {"gte": 5}}, "'genres' is not a number"),
        ({"year": "1998"}, "'year' takes int values, not '1998'"),
        ({"year": True}, "'year' takes int values, not True"),
        ({"year": {"gte": "old"}}, "'gte' of 'year' takes a number"),
        ({"year": {"gte": float("inf")}}, "out of range"),
        ({"year": 10**23}, "out of range: 100000"),
        ({"year": {"none": [-(2**70)]}}, "out of range"),
        ({"genres": "\ud800"}, "a value of 'genres' has half a surrogate pair"),
        ({"genres": ["Action"] * 1_001}, "1001 values; the limit is 1000"),
        ({"score": 8.5}, "'score' is a decimal number: filter it with gte"),
        ({"nsfw": "no"}, "'nsfw' takes bool values"),
        ({"type": "opera"}, "'opera' is no type; allowed: MOVIE, TV"),
        ({"and": {}}, "'and' takes a non-empty list"),
        ({"or": []}, "'or' takes a non-empty list"),
        ({"not": []}, "must be a non-empty object"),
        ({"and": ["genres"]}, "must be a non-empty object"),
        ({"or": [{"year": n} for n in range(300)]}, "301 nodes; the limit is 200"),
    ],
)
def test_what_may_not(written: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        PARSER.parse(written)
    assert said in caught.value.message


def test_nesting_has_an_end() -> None:
    deep: dict[str, Any] = {"genres": "Action"}
    for _ in range(MAX_DEPTH):
        deep = {"not": deep}
    with pytest.raises(InvalidRequest, match="nested deeper than"):
        PARSER.parse(deep)


GENRES = ["Action", "Drama", "Sci-Fi"]
leaves = st.one_of(
    st.builds(
        Terms,
        st.just("genres"),
        st.sampled_from(["any", "all", "none"]),
        st.lists(st.sampled_from(GENRES), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    st.builds(Terms, st.just("nsfw"), st.sampled_from(["any", "none"]), st.just((True,))),
    st.builds(
        Terms, st.just("year"), st.sampled_from(["any", "none"]), st.tuples(st.integers(1995, 1999))
    ),
    st.builds(
        Range, st.just("year"), gte=st.none() | st.integers(1994, 2000), lt=st.integers(1994, 2000)
    ),
    st.builds(Range, st.just("score"), gt=st.floats(1, 9), lte=st.none() | st.floats(1, 9)),
)
nodes = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def shelf(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[EmbeddedStore, dict[UUID, Any]]]:
    """60 payloads in the embedded index, some without year, score or genres."""
    rng = np.random.default_rng(3)
    store = EmbeddedStore(tmp_path_factory.mktemp("filters"))
    store.create("titles", IndexSchema(dense={"text": DenseSpec(4)}, payload=FIELDS))
    payloads: dict[UUID, Any] = {}
    for number in range(60):
        payload: dict[str, Any] = {"nsfw": bool(rng.random() < 0.2)}
        if rng.random() < 0.9:
            payload["genres"] = [g for g in GENRES if rng.random() < 0.5]
        if rng.random() < 0.8:
            payload["year"] = int(rng.integers(1995, 2000))
        if rng.random() < 0.8:
            payload["score"] = float(round(rng.uniform(1, 9), 2))
        payloads[UUID(int=number + 1)] = payload
    vector = np.array([1, 0, 0, 0], np.float32)
    store.upsert("titles", [Point(id_, {"text": vector}, p) for id_, p in payloads.items()])
    yield store, payloads
    store.close()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(node=nodes)
def test_the_engine_finds_what_the_predicate_accepts(
    shelf: tuple[EmbeddedStore, dict[UUID, Any]], node: Node
) -> None:
    store, payloads = shelf
    found = {hit.id for hit in store.scroll("titles", compiled(node))}
    assert found == {id_ for id_, payload in payloads.items() if matches(node, payload)}


def test_the_engine_is_sent_sets_and_no_nesting() -> None:
    node = And(
        (
            And((Terms("genres", "any", ("Action", "Drama")), Terms("type", "any", ("TV",)))),
            Terms("year", "none", (1998, 1999)),
            Terms("nsfw", "any", (True, False)),
        )
    )
    found = compiled(node)
    assert found is not None
    assert found.model_dump(exclude_none=True) == {
        "must": [
            {"key": "genres", "match": {"any": ["Action", "Drama"]}},
            {"key": "type", "match": {"value": "TV"}},
            {
                "should": [
                    {"key": "nsfw", "match": {"value": True}},
                    {"key": "nsfw", "match": {"value": False}},
                ]
            },
        ],
        "must_not": [{"key": "year", "match": {"any": [1998, 1999]}}],
    }


@settings(deadline=None)
@given(node=nodes, payload=st.fixed_dictionaries({"year": st.integers(1990, 2000)}))
def test_a_filter_written_out_and_read_again_means_the_same(
    node: Node, payload: dict[str, Any]
) -> None:
    again = PARSER.parse(as_json(node))
    assert again is not None
    assert matches(again, payload) == matches(node, payload)
