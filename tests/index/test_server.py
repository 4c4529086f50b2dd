"""The server engine's manners: retries, errors, request shapes."""

import httpx
import pytest
from qdrant_client import models

from animevec.errors import InvalidRequest, NotFound, Unavailable
from animevec.index.server import ServerStore
from animevec.settings import IndexSettings
from tests.index.conftest import SCHEMA, make_points
from tests.index.local_server import LocalServer, refusal
from tests.index.openapi import Violation, judge

SETTINGS = IndexSettings(engine="server", url="http://qdrant:6333")


@pytest.fixture
def server() -> LocalServer:
    return LocalServer()


@pytest.fixture
def store(server: LocalServer) -> ServerStore:
    store = ServerStore(SETTINGS, transport=server.transport)
    store.create("titles", SCHEMA)
    return store


@pytest.mark.parametrize(
    "passing",
    [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), refusal(503, "busy")],
)
def test_a_passing_failure_is_asked_again(
    server: LocalServer, store: ServerStore, passing: httpx.Response | Exception
) -> None:
    server.fail_next = [passing, passing]
    store.upsert("titles", make_points(3))
    assert store.count("titles") == 3


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (httpx.ConnectError("refused"), Unavailable, "does not answer: refused; check index.url"),
        (refusal(503, "busy"), Unavailable, "failed on 'titles' with 503: busy"),
        (refusal(500, "broken disk"), Unavailable, "broken disk"),
        (refusal(401, "no"), Unavailable, "set ANIMEVEC_INDEX__API_KEY"),
        (refusal(400, "bad filter"), InvalidRequest, "bad filter"),
        (refusal(404, "gone"), NotFound, "there is no index 'titles'"),
    ],
)
def test_a_lasting_failure_becomes_our_error(
    server: LocalServer,
    store: ServerStore,
    failure: httpx.Response | Exception,
    kind: type[Exception],
    words: str,
) -> None:
    store.schema("titles")
    server.fail_next = [failure] * 4
    with pytest.raises(kind, match=words):
        store.count("titles")


def test_every_field_is_indexed_before_the_first_point(
    server: LocalServer, store: ServerStore
) -> None:
    store.upsert("titles", make_points(600))
    writes = [line for line in server.lines if line.startswith("PUT")]
    one = "PUT /collections/{collection_name}"
    assert writes == [one, *[f"{one}/index"] * len(SCHEMA.payload), *[f"{one}/points"] * 3]


@pytest.mark.parametrize("quantization", ["none", "int8", "turbo4", "turbo1", "binary"])
def test_every_configuration_fits_the_published_schema(
    server: LocalServer, quantization: str
) -> None:
    settings = SETTINGS.model_copy(update={"quantization": quantization})
    store = ServerStore(settings, transport=server.transport)
    store.create("coded", SCHEMA)
    assert store.schema("coded") == SCHEMA


def test_a_collection_of_somebody_else_is_refused(server: LocalServer, store: ServerStore) -> None:
    params = models.VectorParams(size=4, distance=models.Distance.COSINE)
    server.local.create_collection("theirs", vectors_config=params)
    server.indexes["theirs"] = {}
    with pytest.raises(InvalidRequest, match="no index of titles"):
        store.schema("theirs")


def test_a_server_engine_needs_a_url() -> None:
    with pytest.raises(InvalidRequest, match=r"set index\.url"):
        ServerStore(IndexSettings(engine="server"))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/collections/x/points/count", {"exact": "yes"}),
        ("POST", "/collections/x/points/nothing", {}),
        ("POST", "/collections/x/points/count", {"exactt": True}),
        ("POST", "/collections/x/points/query/batch", {"searches": [{"limit": 0}]}),
        ("POST", "/collections/x/points/query/batch", {"searches": [{"limitt": 3}]}),
        (
            "POST",
            "/collections/x/points/count",
            {"filter": {"must": [{"key": "a", "match": {"value": 1}, "rangee": {"gt": 1}}]}},
        ),
        ("PUT", "/collections/x/points?waitt=true", {"points": []}),
    ],
)
def test_the_judge_catches_what_a_server_would_refuse_or_ignore(
    method: str, path: str, body: dict[str, object]
) -> None:
    request = httpx.Request(method, f"http://qdrant:6333{path}", json=body)
    with pytest.raises(Violation):
        judge(request)
