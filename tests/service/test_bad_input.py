"""Whatever a caller sends, the answer is the envelope with the right code, and never a 5xx."""

import base64
import json
import re
import socket
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from PIL import Image

from animevec.keys import Role
from animevec.settings import Settings
from tests.service.conftest import Served, issue

SEARCH, PICTURE = "/api/v1/search", "/api/v1/search/image"
BOTH, BATCH = "/api/v1/search/multimodal", "/api/v1/similarity/batch"
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def png() -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG")
    return file.getvalue()


def bomb(edge: int = 30_000) -> bytes:
    """A PNG of a few kB that unpacks to ``edge`` squared pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", edge, edge, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (edge // 8 + 1) * 64, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def large() -> bytes:
    """A valid JPEG of more than 11 MB: the rest is after its end."""
    file = BytesIO()
    Image.new("RGB", (64, 64)).save(file, "JPEG")
    return file.getvalue() + b"\0" * (11 * 1024 * 1024)


CODES = {413: "too_large", 415: "unsupported_media", 422: "invalid_request"}
CASES: list[tuple[str, str, object, int]] = [
    ("empty query", SEARCH, {"query": ""}, 422),
    ("blank query", SEARCH, {"query": " \n\t "}, 422),
    ("no query", SEARCH, {}, 422),
    ("query of a wrong type", SEARCH, {"query": ["a"]}, 422),
    ("40,000 characters", SEARCH, {"query": "x" * 40_000}, 422),
    ("unknown field", SEARCH, {"query": "a", "colour": "red"}, 422),
    ("unknown filter", SEARCH, {"query": "a", "filters": {"taste": "sweet"}}, 422),
    ("filter of a wrong type", SEARCH, {"query": "a", "filters": {"year": "x"}}, 422),
    ("filter that is a list", SEARCH, {"query": "a", "filters": [1]}, 422),
    ("limit 0", SEARCH, {"query": "a", "limit": 0}, 422),
    ("limit 10,000", SEARCH, {"query": "a", "limit": 10_000}, 422),
    ("negative offset", SEARCH, {"query": "a", "offset": -1}, 422),
    ("unknown ranker", SEARCH, {"query": "a", "ranker": "magic"}, 422),
    ("unknown channel", SEARCH, {"query": "a", "weights": {"smell": 1}}, 422),
    ("body that is no object", SEARCH, [1, 2], 422),
    ("truncated base64", PICTURE, {"picture": encoded(png())[:-3]}, 422),
    ("base64 of half a picture", PICTURE, {"picture": encoded(png()[:60])}, 422),
    ("a text called .png", PICTURE, {"picture": encoded(b"hello, world")}, 415),
    ("an empty picture", PICTURE, {"picture": ""}, 422),
    ("a decompression bomb", PICTURE, {"picture": encoded(bomb())}, 413),
    ("an 11 MB picture", PICTURE, {"picture": encoded(large())}, 413),
    ("neither words nor picture", BOTH, {}, 422),
    ("weight 2", BOTH, {"query": "a", "weight": 2}, 422),
    ("no searches", BATCH, {"searches": []}, 422),
    ("65 searches", BATCH, {"searches": [{"positive": ["mal:1"]}] * 65}, 422),
    ("a limit that is true", SEARCH, {"query": "a", "limit": True}, 422),
    ("a limit in quotes", SEARCH, {"query": "a", "limit": "5"}, 422),
    ("a switch in quotes", SEARCH, {"query": "a", "explain": "yes"}, 422),
    ("zero-width characters alone", SEARCH, {"query": "\u200b \u200d"}, 422),
    ("NUL alone", BOTH, {"query": "\0"}, 422),
    ("1,001 values", SEARCH, {"query": "a", "filters": {"genres": ["Action"] * 1_001}}, 422),
    ("a year of 23 digits", SEARCH, {"query": "a", "filters": {"year": 10**23}}, 422),
    ("members beyond 64 bits", SEARCH, {"query": "a", "filters": {"members": 2**64}}, 422),
    ("25,000 values", SEARCH, {"query": "a", "filters": {"genres": [[]] * 25_000}}, 413),
    ("25,000 fields", SEARCH, {"query": "a", "filters": {str(n): 1 for n in range(25_000)}}, 413),
    ("25,000 values by a picture", PICTURE, {"picture": "", "filters": {"a": [1] * 25_000}}, 413),
    ("a body of 2 MB", SEARCH, {"query": "x" * 2_000_000}, 413),
    ("searches of 2 MB", BATCH, {"searches": ["x" * 2_000_000]}, 413),
]


def check(body: dict[str, object], code: str) -> None:
    """The one envelope, with ``code``."""
    assert set(body) == {"error"}
    error = body["error"]
    assert isinstance(error, dict)
    assert set(error) == {"code", "message", "details", "request_id"}
    assert (error["code"], bool(error["message"])) == (code, True)
    assert len(error["request_id"]) > 8


@pytest.mark.parametrize(("name", "path", "body", "status"), CASES, ids=[c[0] for c in CASES])
def test_a_bad_body(app: TestClient, name: str, path: str, body: object, status: int) -> None:
    answer = app.post(path, json=body)
    assert answer.status_code == status, answer.text[:500]
    check(answer.json(), CODES[status])
    assert len(answer.text) < 5_000


MESSAGES: list[tuple[object, str]] = [
    ({"query": "a", "limit": 10_000}, "limit: .* equal to 100, not 10000$"),
    ({"query": 7}, "query: .* valid string, not 7$"),
    ({"query": " \t"}, "query: the query is empty"),
    ({"query": "x" * 40_000}, "query: .* at most 32768 characters, not 40,000$"),
    (
        {"query": "a", "nsfw": "p" * 100},
        f"nsfw: .*'demote' or 'include', not \"{'p' * 59}[.]{{3}}$",
    ),
    ({"query": "a", "password": "hush"}, "^password: there is no such field$"),
    ({"query": "a", "limit": "\ud800"}, r"limit: .* valid integer, not \"\\ud800\"$"),
    ({}, "query: Field required$"),
]


@pytest.mark.parametrize(("body", "message"), MESSAGES)
def test_a_message_names_the_value_and_the_limit(
    app: TestClient, body: object, message: str
) -> None:
    sent = {"content": json.dumps(body), "headers": {"content-type": "application/json"}}
    assert re.search(message, app.post(SEARCH, **sent).json()["error"]["message"])


def test_where_a_body_is_not_json_is_said(app: TestClient) -> None:
    answer = app.post(SEARCH, content='{"query": "a"', headers={"content-type": "application/json"})
    assert answer.json()["error"]["message"].startswith("not JSON from character 13: Expecting ','")


def test_who_does_not_say_that_it_is_json_is_told_how(app: TestClient) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = app.post(SEARCH, content='{"query": "a"}', headers=kind)
    said = answer.json()["error"]["message"]
    assert "'application/x-www-form-urlencoded'; send JSON with 'Content-Type: app" in said


def test_a_query_of_9000_tokens_is_answered_or_refused_but_not_lost(app: TestClient) -> None:
    answer = app.post(SEARCH, json={"query": "mecha " * 5_000})
    assert answer.status_code in (200, 413)
    if answer.status_code == 413:
        check(answer.json(), "too_large")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b'{"query": "a"', "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b"[" * 19_000, "application/json"),
        (b'{"query": "a", "score_threshold": NaN}', "application/json"),
        (b'{"query": "a", "score_threshold": Infinity}', "application/json"),
        (b'{"query": "a", "filters": {"year": {"gte": NaN}}}', "application/json"),
        (b'{"query": "\\ud800 robots"}', "application/json"),
        (b'{"query": "a", "filters": {"\\ud800": "x"}}', "application/json"),
        (b'{"query": "a", "filters": {"studios": "\\ud800"}}', "application/json"),
        (b'{"query": "a", "filters": {"genres": "\\ud800"}}', "application/json"),
        (b'{"query": "a", "weights": {"\\ud800": 1}}', "application/json"),
        (b'{"query": "a", "ranker": "\\ud800"}', "application/json"),
        (b'{"query": "a", "\\ud800": 1}', "application/json"),
        (b'{"query": "a"}', "text/plain"),
        (b"", "application/json"),
    ],
)
def test_a_body_that_is_not_json_or_says_what_cannot_be(
    app: TestClient, content: bytes, kind: str
) -> None:
    answer = app.post(SEARCH, content=content, headers={"content-type": kind})
    assert answer.status_code == 422
    check(answer.json(), "invalid_request")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/search/by-id/" + UNKNOWN, 404, "not_found"),
        ("GET", "/api/v1/search/by-id/mal:999999999", 404, "not_found"),
        ("GET", "/api/v1/search/by-id/%00", 404, "not_found"),
        ("GET", "/api/v1/similarity/anime/" + UNKNOWN, 404, "not_found"),
        ("GET", "/api/v1/similarity/visual/" + UNKNOWN, 404, "not_found"),
        ("GET", "/api/v1/similarity/vector/x?limit=0", 422, "invalid_request"),
        ("GET", "/api/v1/similarity/anime/x?taste=1", 422, "invalid_request"),
        ("GET", "/api/v1/similarity/anime/x?filters=nonsense", 422, "invalid_request"),
        ("GET", "/api/v1/similarity/anime/mal:1?score_threshold=nan", 422, "invalid_request"),
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/v1/search", 405, "method_not_allowed"),
        ("PATCH", "/health", 405, "method_not_allowed"),
        ("GET", "/api/v1/admin/stats", 401, "unauthorized"),
        ("POST", "/api/v1/admin/reindex", 401, "unauthorized"),
        ("DELETE", "/api/v1/admin/vectors/mal:1", 401, "unauthorized"),
    ],
)
def test_a_bad_address(app: TestClient, method: str, path: str, status: int, code: str) -> None:
    answer = app.request(method, path)
    assert answer.status_code == status, answer.text
    check(answer.json(), code)


FRAGMENTS = ("genres", "studios", "year", "members", "score", "nsfw", "and", "not", "any", "gte")
NAMES = st.sampled_from((*FRAGMENTS, "\ud800")) | st.text(max_size=3)
SCALARS = st.one_of(
    st.sampled_from((None, True, "\ud800", "a\ud83d b", 2**63, -(2**70))),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
)
FILTERS = st.recursive(
    SCALARS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=3),
    max_leaves=8,
)


@given(filters=st.dictionaries(NAMES, FILTERS))
@hypothesis(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_filter_of_anything_is_answered_or_refused(app: TestClient, filters: object) -> None:
    body = json.dumps({"query": "a", "limit": 1, "filters": filters})
    answer = app.post(SEARCH, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 422), answer.text


BAD_SEARCHES: list[object] = [
    {"positive": []},
    {"positive": ["mal:1"] * 11},
    {"positive": ["\ud800"]},
    {"positive": ["mal:2747"], "filters": {"studios": "\ud800"}},
    {"positive": ["mal:2747"], "filters": {"\ud800": "x"}},
    {"positive": ["mal:2747"], "filters": {"year": 2**70}},
    {"positive": ["mal:2747"], "\ud800": 1},
    "no search",
]


@pytest.mark.parametrize("bad", BAD_SEARCHES)
def test_one_bad_search_of_64_leaves_63(app: TestClient, bad: object) -> None:
    known = str(app.post(SEARCH, json={"query": "robots"}).json()["hits"][0]["id"])
    searches = [bad if place == 31 else {"positive": [known]} for place in range(64)]
    body = json.dumps({"searches": searches})
    answer = app.post(BATCH, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text[:500]
    errors = [result["error"] for result in answer.json()["results"]]
    assert [place for place, error in enumerate(errors) if error] == [31]
    assert errors[31]["code"] == "invalid_request" and errors[31]["message"]


def test_the_largest_picture_passes_the_cap_of_its_route(app: TestClient) -> None:
    file = BytesIO()
    Image.new("RGB", (64, 64)).save(file, "JPEG")
    whole = file.getvalue().ljust(10 * 1024 * 1024, b"\0")
    lines = base64.encodebytes(whole).decode()
    assert app.post(PICTURE, json={"picture": lines, "limit": 1}).status_code == 200


def test_only_an_admin_may_send_a_large_upsert(app: TestClient, settings: Settings) -> None:
    body = {"items": [{"keys": {"mal": "1"}, "cover": "x" * 2_000_000}]}
    path = "/api/v1/admin/vectors/upsert"
    assert app.post(path, json=body).status_code == 413
    assert app.post(path, json=body, headers=issue(settings, Role.READER)).status_code == 413
    assert app.post(path, json=body, headers=issue(settings, Role.ADMIN)).status_code == 200


@pytest.mark.parametrize(("name", "status"), [("nope", 404), ("a" * 300, 422), ("..%2Fx", 404)])
def test_a_job_that_never_was(app: TestClient, settings: Settings, name: str, status: int) -> None:
    headers = issue(settings, Role.ADMIN)
    assert app.get(f"/api/v1/admin/jobs/{name}", headers=headers).status_code == status


def test_the_document_describes_filters(app: TestClient) -> None:
    schemas = app.get("/openapi.json").json()["components"]["schemas"]
    described, _ = schemas["TextSearch"]["properties"]["filters"]["anyOf"]
    assert {"and", "or", "not", "field", "any", "all", "none", "gte"} <= set(
        described["properties"]
    )


def test_roles(app: TestClient, settings: Settings) -> None:
    reader, admin = issue(settings, Role.READER), issue(settings, Role.ADMIN)
    bearer = {"Authorization": f"Bearer {admin['X-API-Key']}"}
    unknown = {"X-API-Key": "avk_x_y"}
    for headers, status in (
        ({}, 401),
        (unknown, 401),
        (reader, 403),
        (admin, 200),
        (bearer, 200),
    ):
        assert app.get("/api/v1/admin/stats", headers=headers).status_code == status
    for headers, status in (({}, 200), (unknown, 401), (reader, 200)):
        assert app.post(SEARCH, json={"query": "a"}, headers=headers).status_code == status


def test_request_ids_are_echoed_if_sane(app: TestClient) -> None:
    for sent, kept in (("abc-123", True), ("a b", False), ("x" * 65, False), ("é", False)):
        answer = app.get("/livez", headers={"X-Request-ID": sent.encode()})
        assert (answer.headers["x-request-id"] == sent) is kept
    answer = app.get("/nowhere", headers={"X-Request-ID": "mine"})
    assert answer.json()["error"]["request_id"] == "mine" == answer.headers["x-request-id"]


def test_a_body_beyond_the_limit_is_refused_while_it_streams(served: Served) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(60):
            yield b" " * 1_000_000

    headers = {"content-type": "application/json"}
    answer = served.client.post(SEARCH, content=chunks(), headers=headers)
    assert answer.status_code == 413
    check(answer.json(), "too_large")


def test_a_declared_body_beyond_the_limit_is_refused_unread(served: Served) -> None:
    with socket.create_connection((served.process.host, served.process.port)) as line:
        line.sendall(
            b"POST /api/v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 999999999\r\n\r\n"
        )
        head = line.recv(65536)
    assert b" 413 " in head.splitlines()[0]


def test_a_request_cut_off_half_way_harms_nobody(served: Served) -> None:
    body = json.dumps({"query": "robots"}).encode()
    for _ in range(5):
        with socket.create_connection((served.process.host, served.process.port)) as line:
            line.sendall(
                b"POST /api/v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body[:7]
            )
    assert served.client.post(SEARCH, json={"query": "robots"}).status_code == 200
