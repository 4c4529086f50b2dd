"""The server engine's manners: retries, errors, request shapes."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from qdrant_client import models

from animevec.errors import Conflict, DeadlineExceeded, InvalidRequest, NotFound, Unavailable
from animevec.index.base import Query
from animevec.index.document import index_schema
from animevec.index.server import ServerStore
from animevec.settings import IndexSettings
from tests.index.conftest import SCHEMA, make_points
from tests.index.local_server import ONE, LocalServer, refusal
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


def test_a_silent_server_costs_a_read_no_more_than_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = ServerStore(SETTINGS.model_copy(update={"url": url, "timeout_s": 2.0}))
        began = time.monotonic()
        with pytest.raises(Unavailable, match="does not answer: timed out"):
            store.schema("titles")
        assert 1.6 < time.monotonic() - began < 4  # a second try would take as long again


def test_reads_writes_and_copies_wait_as_long_as_each_may(
    server: LocalServer, store: ServerStore, tmp_path: Path
) -> None:
    store.upsert("titles", make_points(1))
    store.count("titles")
    store.restore("again", store.snapshot("titles", tmp_path))
    assert server.seconds[f"POST {ONE}/points/count"] == SETTINGS.timeout_s * 0.4
    assert server.seconds[f"PUT {ONE}/points"] == 60
    for copy in ("", "/upload"):
        assert server.seconds[f"POST {ONE}/snapshots{copy}"] > 3600


def test_a_server_over_its_limit_is_asked_again_when_it_says(
    server: LocalServer, store: ServerStore
) -> None:
    server.fail_next = [over_limit(1)]
    began = time.monotonic()
    assert store.count("titles") == 0
    assert time.monotonic() - began >= 1


def test_a_server_over_its_limit_for_longer_than_a_call_may_take_is_unavailable(
    server: LocalServer, store: ServerStore
) -> None:
    store.schema("titles")
    server.fail_next = [over_limit(3600)]
    with pytest.raises(Unavailable, match="try again in 3600 s") as caught:
        store.count("titles")
    assert caught.value.details == {"retry_after_s": 3600}


def over_limit(seconds: int) -> httpx.Response:
    answer = refusal(429, "Rate limiting exceeded")
    answer.headers["Retry-After"] = str(seconds)
    return answer


def test_a_snapshot_or_an_upload_is_not_begun_twice(
    server: LocalServer, store: ServerStore, tmp_path: Path
) -> None:
    store.upsert("titles", make_points(1))
    path = store.snapshot("titles", tmp_path)
    for line, copy in (
        (f"POST {ONE}/snapshots", lambda: store.snapshot("titles", tmp_path)),
        (f"POST {ONE}/snapshots/upload", lambda: store.restore("again", path)),
    ):
        before = server.lines.count(line)
        server.late[line] = httpx.ReadTimeout("slow")
        with pytest.raises(Unavailable, match="slow"):
            copy()
        assert server.lines.count(line) == before + 1


@pytest.mark.parametrize("path", [ONE, f"{ONE}/index"])
def test_a_creation_whose_answer_is_lost_is_finished(
    server: LocalServer, store: ServerStore, path: str
) -> None:
    server.late[f"PUT {path}"] = httpx.ReadTimeout("slow")
    store.create("more", SCHEMA)
    assert store.schema("more") == SCHEMA


def test_a_creation_that_somebody_else_was_quicker_with_is_a_conflict(server: LocalServer) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return refusal(409, "exists") if request.method == "PUT" else server.handle(request)

    store = ServerStore(SETTINGS, transport=httpx.MockTransport(handle))
    with pytest.raises(Conflict, match="exists"):
        store.create("titles", SCHEMA)


@pytest.mark.parametrize(
    ("health", "words"),
    [
        ({"status": "red"}, "failed: its status is red"),
        ({"status": "yellow", "optimizer_status": {"error": "no space"}}, "failed: no space"),
    ],
)
def test_a_failed_optimiser_is_told_at_once(
    server: LocalServer, store: ServerStore, health: dict[str, Any], words: str
) -> None:
    server.health = health
    for ask in (store.optimize, store.maintain):
        with pytest.raises(Unavailable, match=words):
            ask("titles")


def test_optimisers_asleep_after_a_restart_are_woken(
    server: LocalServer, store: ServerStore
) -> None:
    server.health = {"status": "grey"}
    store.optimize("titles")
    assert server.bodies[server.lines.index(f"PATCH {ONE}")] == {"optimizers_config": {}}


def test_only_optimize_waits_for_optimisers_at_work(server: LocalServer) -> None:
    store = ServerStore(SETTINGS, optimize_timeout_s=0, transport=server.transport)
    store.create("titles", SCHEMA)
    server.health = {"status": "yellow"}
    store.maintain("titles")
    with pytest.raises(DeadlineExceeded, match="not optimised after 0 s"):
        store.optimize("titles")


def test_every_field_is_indexed_before_the_first_point(
    server: LocalServer, store: ServerStore
) -> None:
    store.upsert("titles", make_points(600))
    writes = [line for line in server.lines if line.startswith("PUT")]
    one = "PUT /collections/{collection_name}"
    assert writes == [one, *[f"{one}/index"] * len(SCHEMA.payload), *[f"{one}/points"] * 3]


CODES: dict[str, dict[str, Any] | None] = {
    "none": None,
    "int8": {"scalar": {"type": "int8", "quantile": 0.99, "memory": "pinned"}},
    "turbo4": {"turbo": {"bits": "bits4", "memory": "pinned"}},
    "turbo1": {"turbo": {"bits": "bits1", "memory": "pinned"}},
    "binary": {"binary": {"memory": "pinned"}},
}


@pytest.mark.parametrize("quantization", CODES)
def test_a_collection_is_created_as_the_settings_say(
    server: LocalServer, quantization: str
) -> None:
    store = with_settings(server, quantization=quantization)
    store.create("coded", SCHEMA)
    body = server.bodies[server.lines.index(f"PUT {ONE}")]
    codes = body.pop("quantization_config", None)
    assert codes == CODES[quantization]
    assert body == {
        "vectors": {
            "text": {"size": 8, "distance": "Cosine"},
            "picture": {"size": 6, "distance": "Dot"},
            "thumbnail": {"size": 4, "distance": "Euclid"},
        },
        "sparse_vectors": {"lexical": {"modifier": "idf"}, "learned": {}},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 976},
        "strict_mode_config": {
            "enabled": True,
            "unindexed_filtering_retrieve": False,
            "unindexed_filtering_update": False,
        },
        "metadata": {"watermark": 0, "encoders": None},
    }
    assert store.schema("coded") == SCHEMA


def test_only_the_broad_fields_are_linked_in_the_graph(server: LocalServer) -> None:
    schema = index_schema(8, None, None)
    with_settings(server).create("titles", schema)
    sent = [
        body for body, line in zip(server.bodies, server.lines, strict=True) if "/index" in line
    ]
    assert {one["field_name"]: one["field_schema"] for one in sent} == {
        field: {"type": kind.value, "enable_hnsw": field in ("genres", "themes")}
        for field, kind in schema.payload.items()
    }


@pytest.mark.parametrize(
    ("quantization", "exact", "expected"),
    [
        ("turbo4", False, {"rescore": True, "oversampling": 3.0}),
        ("int8", False, {"rescore": True, "oversampling": 3.0}),
        ("turbo4", True, {"ignore": True}),
        ("none", False, {"ignore": True}),
    ],
)
def test_codes_are_rescored_unless_whole_vectors_are_asked_for(
    server: LocalServer, quantization: str, exact: bool, expected: dict[str, Any]
) -> None:
    store = with_settings(server, quantization=quantization, oversampling=3.0)
    store.create("titles", SCHEMA)
    store.query_batch("titles", [Query(np.ones(8, dtype=np.float32), "text", 3, exact=exact)])
    [search] = server.bodies[-1]["searches"]
    assert search["params"]["quantization"] == expected
    assert search["params"].get("exact", False) is exact


def with_settings(server: LocalServer, **changes: object) -> ServerStore:
    return ServerStore(SETTINGS.model_copy(update=changes), transport=server.transport)


UNNAMED = models.VectorParams(size=4, distance=models.Distance.COSINE)
MANHATTAN = {"text": models.VectorParams(size=4, distance=models.Distance.MANHATTAN)}


@pytest.mark.parametrize(
    ("vectors", "indexes"),
    [(UNNAMED, {}), (MANHATTAN, {}), ({"text": UNNAMED}, {"when": "datetime"})],
)
def test_a_collection_of_somebody_else_is_not_listed_and_refused_by_name(
    server: LocalServer, store: ServerStore, vectors: Any, indexes: dict[str, str]
) -> None:
    server.local.create_collection("theirs", vectors_config=vectors)
    server.indexes["theirs"] = indexes
    assert store.names() == ["titles"]
    asking: list[Callable[[str], object]] = [store.schema, store.stats, store.count, store.drop]
    for ask in asking:
        with pytest.raises(InvalidRequest, match="'theirs' is somebody else's"):
            ask("theirs")
    with pytest.raises(Conflict, match="taken"):
        store.create("theirs", SCHEMA)
    assert server.local.collection_exists("theirs")


def test_an_index_that_somebody_added_to_ours_is_left_out(
    server: LocalServer, store: ServerStore
) -> None:
    server.indexes["titles"]["when"] = "datetime"
    assert store.schema("titles") == SCHEMA


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
