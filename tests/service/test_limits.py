"""Too many, too slow, and gone: each is refused or dropped early, and told."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.types import Message
from structlog.testing import LogCapture

from animevec.assembly import Assembly, Wrap
from animevec.errors import DeadlineExceeded, NotFound, RateLimited
from animevec.keys import Role
from animevec.settings import LimitSettings, ServeSettings, Settings
from bentos import middleware
from bentos.app import create_app
from bentos.batcher import TICKET
from bentos.queue import ClientGone, RequestQueue
from tests.service.conftest import issue


@contextmanager
def nothing(settings: Settings, wrap: Wrap) -> Iterator[Assembly]:
    """An installation without an index."""
    raise NotFound("there is no live index; run `animevec index build`")
    yield


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    limits = LimitSettings(requests_per_minute=5)
    settings = Settings(home=tmp_path, limits=limits, serve=ServeSettings(require_key=True))
    with TestClient(create_app(settings, nothing), raise_server_exceptions=False) as client:
        yield client


def test_a_rate_limit_by_address_and_by_key_with_retry_after(client: TestClient) -> None:
    statuses = [client.get("/health").status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    refused = client.get("/health")
    assert refused.json()["error"]["code"] == "rate_limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    key = issue(client.app.state.service.settings, Role.READER)
    assert client.get("/health", headers=key).status_code == 200
    assert client.get("/livez").status_code == 200


def test_who_was_refused_may_ask_again_in_the_next_minute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(middleware, "_WINDOW_S", 2.0)
    settings = Settings(home=tmp_path, limits=LimitSettings(requests_per_minute=1))
    with TestClient(create_app(settings, nothing), raise_server_exceptions=False) as client:
        client.get("/livez")  # the first request of an app takes its time, and is not counted
        assert [client.get("/health").status_code for _ in range(2)] == [200, 429]
        time.sleep(2.0)
        assert client.get("/health").status_code == 200


def test_head_is_get_without_the_body(client: TestClient) -> None:
    answer, whole = client.head("/health"), client.get("/health")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == whole.headers["content-type"]
    assert client.head("/api/v1/nothing").status_code == 404


def test_a_crash_is_enveloped_and_logged_under_its_id(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = LogCapture()
    monkeypatch.setattr(middleware, "_log", structlog.wrap_logger(None, processors=[log]))

    def crash() -> None:
        raise RuntimeError("boom")

    app = client.app
    assert isinstance(app, FastAPI)
    app.add_api_route("/crash", crash)
    answer = client.get("/crash", headers={"X-Request-ID": "find-me"})
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] == answer.json()["error"]["request_id"] == "find-me"
    (crashed,) = (line for line in log.entries if line["event"] == "crashed")
    assert crashed["request_id"] == "find-me" and "boom" in repr(crashed["exc_info"])
    (access,) = (line for line in log.entries if line["event"] == "request")
    assert access["error"] == "internal"


def test_searching_may_need_a_key(client: TestClient) -> None:
    assert client.post("/api/v1/search", json={"query": "a"}).status_code == 401


def test_a_service_that_cannot_open_is_alive_but_not_ready_and_says_why(
    client: TestClient,
) -> None:
    for _ in range(100):
        answer = client.get("/readyz")
        if answer.json()["error"]["details"]["state"] == "failed":
            break
        time.sleep(0.02)
    assert answer.status_code == 503
    assert "no live index" in answer.json()["error"]["details"]["reason"]
    key = issue(client.app.state.service.settings, Role.READER)
    assert client.post("/api/v1/search", json={"query": "a"}, headers=key).status_code == 503


def request(hangs_up: bool = False) -> Request:
    async def receive() -> Message:
        if not hangs_up:
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": []}, receive)


def queue(**serve: object) -> RequestQueue:
    return RequestQueue(ServeSettings.model_validate(serve), lambda: None)


async def test_work_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(DeadlineExceeded, match=r"serve\.timeout_s"):
        await queue(timeout_s=0.05).run(request(), lambda: time.sleep(0.3))


async def test_work_whose_client_hung_up_is_marked_as_gone() -> None:
    seen: list[bool] = []

    def work() -> None:
        time.sleep(0.1)
        ticket = TICKET.get()
        assert ticket is not None
        seen.append(ticket.gone)

    with pytest.raises(ClientGone):
        await queue().run(request(hangs_up=True), work)
    await asyncio.sleep(0.3)
    assert seen == [True]


async def test_a_full_queue_refuses_at_once_and_recovers() -> None:
    full = queue(threads=1, queue=2)
    running = [asyncio.create_task(full.run(request(), lambda: time.sleep(0.1))) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited, match=r"serve\.queue"):
        await full.run(request(), lambda: None)
    await asyncio.gather(*running)
    assert await full.run(request(), lambda: 7) == 7
