"""The client against a real service; its guide runs as written; retries honour the service."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from animevec.client import AsyncClient, Client
from animevec.errors import (
    AnimevecError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
)
from animevec.keys import Role
from animevec.search.request import SimilarSearch
from tests.service.conftest import Served, issue

GUIDE = Path(__file__).parents[2] / "docs" / "client.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_of_the_guide(served: Served, snippet: str) -> None:
    names = {"URL": served.process.url, "KEY": served.admin["X-API-Key"]}
    exec(compile(snippet, str(GUIDE), "exec"), names)


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served.process.url) as client:
        yield client


def test_errors_have_the_platforms_own_classes(served: Served, client: Client) -> None:
    with pytest.raises(NotFound):
        client.by_id("mal:999999999")
    with pytest.raises(UnsupportedMedia):
        client.picture(b"hello, world")
    with pytest.raises(InvalidRequest) as caught:
        client.text("a", ranker="magic")
    assert caught.value.details["request_id"]
    with pytest.raises(Unauthorized):
        client.upsert([{}])
    reader = issue(served.settings, Role.READER)["X-API-Key"]
    with Client(served.process.url, key=reader) as limited, pytest.raises(Forbidden):
        limited.reindex()


WRONG: list[Callable[[Client], object]] = [
    lambda client: client.text(""),
    lambda client: client.text("a", limit=0),
    lambda client: client.text("a", limit="5"),
    lambda client: client.text("a", colour=1),
    lambda client: client.text("a\ud800"),
    lambda client: client.text("a", score_threshold=float("nan")),
    lambda client: client.text("a", filters={"year": {"gte": float("nan")}}),
    lambda client: client.text("a", filters={"studios": "\ud800"}),
    lambda client: client.picture(b""),
    lambda client: client.multimodal(),
    lambda client: client.similar(),
    lambda client: client.by_id("\ud800"),
    lambda client: client.by_id(""),
    lambda client: client.upsert([{"score": float("nan")}]),
    lambda client: client.upsert([{"id": object()}]),
    lambda client: client.delete("mal:1", reason="\ud800"),
]


@pytest.mark.parametrize("call", WRONG)
def test_what_cannot_be_asked_is_an_invalid_request(
    client: Client, call: Callable[[Client], object]
) -> None:
    with pytest.raises(InvalidRequest):
        call(client)


async def test_async_refuses_the_same(served: Served) -> None:
    async with AsyncClient(served.process.url) as client:
        with pytest.raises(InvalidRequest):
            await client.similar()


def test_a_reference_is_one_part_of_a_path(served: Served) -> None:
    with Client(served.process.url, key=served.admin["X-API-Key"]) as client:
        for name in ("../keys/nope", "..", ".", "a/b", "animevec:wh?t#1", "%2e%2e"):
            with pytest.raises(NotFound) as caught:
                client.delete(name)
            assert caught.value.details["reference"] == name
            with pytest.raises(NotFound):
                client.by_id(name)
        client.upsert(
            [
                {"keys": {"animevec": key}, "titles": [{"text": f"The title of {key}"}]}
                for key in ("a/b", "wh?t#1", "wh")
            ]
        )
        for key in ("a/b", "wh?t#1", "wh"):
            assert client.by_id(f"animevec:{key}").record.title == f"The title of {key}"
            client.delete(f"animevec:{key}")


def test_a_batch_keeps_its_failures_apart(client: Client) -> None:
    known = str(client.text("robots", limit=1).hits[0].id)
    searches = [SimilarSearch(positive=(one,)) for one in (known, "mal:999999999")]
    outcomes = client.similar_batch(searches)
    assert [outcome.error is None for outcome in outcomes] == [True, False]
    with pytest.raises(NotFound):
        client.similar("mal:999999999")


async def test_async_says_the_same_as_sync(served: Served, client: Client) -> None:
    async with AsyncClient(served.process.url) as other:
        found = await other.text("a robot boy", limit=3)
    assert [hit.id for hit in found.hits] == [
        h.id for h in client.text("a robot boy", limit=3).hits
    ]


def test_nobody_there_is_unavailable() -> None:
    with Client("http://127.0.0.1:9", attempts=2) as client, pytest.raises(Unavailable):
        client.health()


class Moody(HTTPServer):
    """Answers ``answers`` in order and keeps the times it was asked at."""

    def __init__(self, answers: list[tuple[int, dict[str, str], bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked: list[float] = []


class _Handler(BaseHTTPRequestHandler):
    server: Moody

    def do_GET(self) -> None:
        self.server.asked.append(time.monotonic())
        status, headers, body = self.server.answers[len(self.server.asked) - 1]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


def ask(moody: Moody, attempts: int, method: str = "health") -> object:
    threading.Thread(target=moody.serve_forever, daemon=True).start()
    try:
        with Client(f"http://127.0.0.1:{moody.server_port}", attempts=attempts) as client:
            return getattr(client, method)()
    finally:
        moody.shutdown()
        moody.server_close()


LIMITED = b'{"error": {"code": "rate_limited", "message": "m", "details": {}, "request_id": "r"}}'
AWAY = (502, {}, b"<html>bad gateway</html>")
FINE = (200, {}, b'{"status": "ready"}')


def test_it_waits_as_long_as_the_service_asks() -> None:
    moody = Moody([(429, {"Retry-After": "1"}, LIMITED), FINE])
    assert ask(moody, 3) == {"status": "ready"}
    assert 1.0 <= moody.asked[1] - moody.asked[0] < 3


def test_an_answer_of_something_else_is_an_error_of_ours() -> None:
    with pytest.raises(AnimevecError, match="<html>"):
        ask(Moody([(200, {}, b"<html>")]), 1)
    with pytest.raises(AnimevecError):
        ask(Moody([(200, {"Content-Encoding": "gzip"}, b"<html>")]), 1)


def test_it_gives_up_after_its_attempts() -> None:
    moody = Moody([(429, {"Retry-After": "0"}, LIMITED)] * 3)
    with pytest.raises(RateLimited):
        ask(moody, 3)
    assert len(moody.asked) == 3


def test_it_bears_a_proxy_in_trouble() -> None:
    assert ask(Moody([AWAY, FINE]), 2) == {"status": "ready"}


def test_it_does_not_repeat_what_may_have_happened() -> None:
    moody = Moody([AWAY, FINE])
    with pytest.raises(AnimevecError):
        ask(moody, 3, "reindex")
    assert len(moody.asked) == 1
