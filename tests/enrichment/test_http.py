"""The client is honest, limited, cached, patient and never fooled, against a real server."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from animevec.settings import EnrichmentSettings, Settings
from flows.enrichment.http import Client, RequestFailed, Tally
from flows.enrichment.http.limiter import SourceLimiter
from flows.enrichment.http.transport import retry_after
from flows.enrichment.types import OutcomeKind, Rate, SourceFacts
from tests.enrichment.server import Answer, Asked, Reaction, Server, serving

FACTS = SourceFacts(
    name="any",
    provider="mal",
    title="Any",
    base_url="https://any.invalid",
    licence="none",
    rates=(Rate(requests=200, seconds=1),),
)
KEPT = FACTS.model_copy(update={"keep_s": 60.0, "error_marks": ("<error",)})
PAGES = FACTS.model_copy(update={"robots": True})


@contextmanager
def answering(react: Reaction | Answer) -> Iterator[Server]:
    with serving(react if callable(react) else lambda _: react) as server:
        yield server


@asynccontextmanager
async def client(home: Path, server: Server, **settings: Any) -> AsyncIterator[Client]:
    section = EnrichmentSettings(
        contact="ops@example.org", base_urls={"any": server.url}, **{"attempts": 2, **settings}
    )
    async with Client(Settings(home=home, enrichment=section)) as opened:
        yield opened


async def failure_of(
    home: Path, server: Server, facts: SourceFacts = FACTS, **settings: Any
) -> RequestFailed:
    async with client(home, server, **settings) as http:
        with pytest.raises(RequestFailed) as failure:
            await http.get(facts, "/x")
    return failure.value


async def test_it_says_who_asks_and_how_to_reach_them(tmp_path: Path) -> None:
    with answering(Answer.json({})) as server:
        async with client(tmp_path, server) as http:
            await http.get(FACTS, "/x", params={"a": "1"})
    assert "animevec/" in server.asked[0].headers["user-agent"]
    assert "ops@example.org" in server.asked[0].headers["user-agent"]
    assert server.asked[0].query == {"a": ["1"]}


async def test_a_fresh_answer_is_not_asked_for_again_nor_waits_for_the_limiter(
    tmp_path: Path,
) -> None:
    slow = FACTS.model_copy(update={"rates": (Rate(requests=1, seconds=60),)})
    fresh = Answer.json({"n": 1}, **{"Cache-Control": "max-age=60"})
    with answering(fresh) as server:
        async with client(tmp_path, server) as http:
            await http.get(slow, "/x")
        started, tally = time.monotonic(), Tally()
        async with client(tmp_path, server) as http:
            reply = await http.get(slow, "/x", tally=tally)
    assert reply.from_cache and reply.json() == {"n": 1}
    assert (tally.requests, tally.cached, len(server.asked)) == (0, 1, 1)
    assert time.monotonic() - started < 5


async def test_a_stale_answer_is_revalidated(tmp_path: Path) -> None:
    def react(asked: Asked) -> Answer:
        if asked.headers.get("if-none-match") == '"v1"':
            return Answer(status=304, headers={"ETag": '"v1"'})
        return Answer.json({"n": 1}, ETag='"v1"', **{"Cache-Control": "max-age=0"})

    with answering(react) as server:
        async with client(tmp_path, server) as http:
            first = await http.get(FACTS, "/x")
            second = await http.get(FACTS, "/x")
    assert first.json() == second.json() == {"n": 1}
    assert len(server.asked) == 2 and not second.from_cache


async def test_a_source_may_ask_to_be_kept_longer_than_its_headers_say(tmp_path: Path) -> None:
    with answering(Answer(b"<anime/>", headers={"Cache-Control": "no-cache, private"})) as server:
        async with client(tmp_path, server) as http:
            await http.get(KEPT, "/x")
            assert (await http.get(KEPT, "/x")).from_cache
    assert len(server.asked) == 1


async def test_an_error_sent_with_status_200_is_never_kept(tmp_path: Path) -> None:
    with answering(Answer(b"<error>banned</error>")) as server:
        async with client(tmp_path, server) as http:
            await http.get(KEPT, "/x")
            assert not (await http.get(KEPT, "/x")).from_cache
    assert len(server.asked) == 2


async def test_a_query_by_post_is_cached_by_its_content(tmp_path: Path) -> None:
    with answering(lambda asked: Answer.json({"asked": asked.body.decode()})) as server:
        async with client(tmp_path, server) as http:
            first = await http.post(KEPT, "/graph", {"query": "one"})
            again = await http.post(KEPT, "/graph", {"query": "one"})
            other = await http.post(KEPT, "/graph", {"query": "two"})
    assert [asked.method for asked in server.asked] == ["POST", "POST"]
    assert again.from_cache and again.body == first.body != other.body
    assert server.asked[0].query == {}, "the digest stays at home"


async def test_it_waits_as_long_as_retry_after_says(tmp_path: Path) -> None:
    def react(asked: Asked) -> Answer:
        first = len(server.asked) == 1
        return Answer(status=429, headers={"Retry-After": "1"}) if first else Answer.json({})

    with answering(react) as server:
        started, tally = time.monotonic(), Tally()
        async with client(tmp_path, server) as http:
            await http.get(FACTS, "/x", tally=tally)
    assert time.monotonic() - started >= 1
    assert tally.requests == 2


async def test_a_wait_beyond_the_limit_is_a_refusal_that_says_when(tmp_path: Path) -> None:
    with answering(Answer(status=429, headers={"Retry-After": "3600"})) as server:
        failure = await failure_of(tmp_path, server, retry_wait_s=5)
    assert (failure.kind, failure.retry_after_s) == (OutcomeKind.REFUSED, 3600)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "requests"),
    [
        (Answer(status=404), OutcomeKind.NOT_FOUND, 1),
        (Answer(status=410), OutcomeKind.NOT_FOUND, 1),
        (Answer(status=401), OutcomeKind.REFUSED, 1),
        (Answer(b"<title>Just a moment...</title>", 503), OutcomeKind.REFUSED, 1),
        (Answer(status=555), OutcomeKind.REFUSED, 1),
        (Answer(status=502), OutcomeKind.UNREACHABLE, 2),
        (Answer(b"no gzip", headers={"Content-Encoding": "gzip"}), OutcomeKind.MALFORMED, 1),
        (
            Answer(status=302, headers={"Location": "https://other.invalid/"}),
            OutcomeKind.REFUSED,
            1,
        ),
        (Answer(status=301, headers={"Location": "/x"}), OutcomeKind.MALFORMED, 4),
    ],
)
async def test_every_failure_has_its_kind(
    tmp_path: Path, answer: Answer, kind: OutcomeKind, requests: int
) -> None:
    with answering(answer) as server:
        failure = await failure_of(tmp_path, server)
    assert failure.kind is kind
    assert len(server.asked) == requests


async def test_a_source_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with answering(Answer()) as server:
        pass
    failure = await failure_of(tmp_path, server, attempts=1)
    assert failure.kind is OutcomeKind.UNREACHABLE


async def test_a_slow_source_is_unreachable(tmp_path: Path) -> None:
    def react(_: Asked) -> Answer:
        time.sleep(0.6)
        return Answer.json({})

    with answering(react) as server:
        failure = await failure_of(tmp_path, server, attempts=1, timeout_s=0.2)
    assert failure.kind is OutcomeKind.UNREACHABLE


@pytest.mark.parametrize("packed", [False, True])
async def test_fifty_megabytes_are_refused(tmp_path: Path, packed: bool) -> None:
    body = b"x" * 50_000_000
    answer = Answer(gzip.compress(body, 1), headers={"Content-Encoding": "gzip"})
    with answering(answer if packed else Answer(body)) as server:
        failure = await failure_of(tmp_path, server)
    assert failure.kind is OutcomeKind.MALFORMED
    assert "enrichment.response_bytes" in failure.detail
    kept = sum(path.stat().st_size for path in tmp_path.rglob("answers.db*"))
    assert kept < 5_000_000


async def test_a_source_that_keeps_failing_is_left_alone(tmp_path: Path) -> None:
    with answering(Answer(status=500)) as server:
        async with client(tmp_path, server, attempts=1) as http:
            for _ in range(12):
                with pytest.raises(RequestFailed) as failure:
                    await http.get(FACTS, "/x")
    assert failure.value.kind is OutcomeKind.UNREACHABLE
    assert "left alone" in failure.value.detail
    assert len(server.asked) < 12


async def test_one_limiter_for_all_who_share_the_folder(tmp_path: Path) -> None:
    rates = (Rate(requests=3, seconds=1),)
    limiters = [SourceLimiter("any", rates, tmp_path) for _ in range(2)]
    started = time.monotonic()
    await asyncio.gather(*(limiters[n % 2].acquire() for n in range(7)))
    for limiter in limiters:
        limiter.close()
    assert time.monotonic() - started >= 1.9, "seven requests at three a second"


async def test_a_pause_a_source_asked_for_holds_back_all_who_share_the_folder(
    tmp_path: Path,
) -> None:
    one, other = (SourceLimiter("any", FACTS.rates, tmp_path) for _ in range(2))
    one.pause(0.4)
    one.pause(0.1)
    started = time.monotonic()
    await other.acquire()
    assert time.monotonic() - started >= 0.35
    (tmp_path / "pause-any").write_text("99999999999")
    await one.acquire()
    assert time.monotonic() - started < 30, "a clock put back holds nobody"
    one.close()
    other.close()


async def test_a_spent_days_limit_is_refused_at_once_and_says_how_long(tmp_path: Path) -> None:
    limiter = SourceLimiter("any", (Rate(requests=2, seconds=86_400),), tmp_path)
    for _ in range(2):
        await limiter.acquire()
    with pytest.raises(RequestFailed) as failure:
        await limiter.acquire()
    limiter.close()
    assert failure.value.kind is OutcomeKind.REFUSED
    assert failure.value.retry_after_s == pytest.approx(86_400, abs=60)


@pytest.mark.parametrize(
    ("robots", "kind"),
    [
        (Answer(b"User-agent: *\nDisallow: /x"), OutcomeKind.REFUSED),
        (Answer(status=503), OutcomeKind.REFUSED),
        (Answer(b"User-agent: *\nDisallow: /other"), None),
        (Answer(status=404), None),
    ],
)
async def test_pages_are_read_as_robots_txt_allows(
    tmp_path: Path, robots: Answer, kind: OutcomeKind | None
) -> None:
    def react(asked: Asked) -> Answer:
        return robots if asked.path == "/robots.txt" else Answer(b"<html/>")

    with answering(react) as server:
        async with client(tmp_path, server, attempts=1) as http:
            if kind is None:
                await http.get(PAGES, "/x")
            else:
                with pytest.raises(RequestFailed) as failure:
                    await http.get(PAGES, "/x")
                assert failure.value.kind is kind
    assert ("/x" in {asked.path for asked in server.asked}) is (kind is None)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("1.5", 1.5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_as_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds
