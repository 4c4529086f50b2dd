"""The HTTP client of every source: honest, limited, cached, patient, and never fooled by size."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

import httpx
from hishel import AsyncSqliteStorage
from hishel.httpx import AsyncCacheTransport
from purgatory import AsyncCircuitBreakerFactory
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from animevec import __version__
from animevec.settings import Settings
from flows.enrichment.http.limiter import SourceLimiter
from flows.enrichment.http.reply import Reply, RequestFailed, Tally
from flows.enrichment.http.robots import Rules
from flows.enrichment.http.transport import PoliteTransport, Sending
from flows.enrichment.types import OutcomeKind, Rate, SourceFacts

BACKOFF = wait_random_exponential(multiplier=0.5, max=10)
BREAKER_FAILURES, BREAKER_SECONDS = 8, 30.0
CACHE_BYTES = 2 * 1024**3


class Client:
    """Asks sources over HTTP; open it with ``async with``, one for all sources of a run.

    The limiter and the cache live in files under ``settings.http_cache_path``, so that all runs of
    this machine share them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.enrichment
        self._folder: Path = settings.http_cache_path
        self._limiters: dict[str, SourceLimiter] = {}
        self._rules: dict[str, Rules] = {}
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=BREAKER_FAILURES,
            default_ttl=BREAKER_SECONDS,
            exclude=[(RequestFailed, _no_fault_of_the_source)],
        )

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        polite = PoliteTransport(
            httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=64)),
            self._breakers,
            self._settings.response_bytes,
        )
        self._storage = AsyncSqliteStorage(
            database_path=self._folder / "answers.db", max_size=CACHE_BYTES
        )
        cached = AsyncCacheTransport(polite, self._storage, rfc={"shared": False})
        self._http = httpx.AsyncClient(
            transport=cached,
            headers={"user-agent": self.user_agent, "accept-encoding": "gzip, deflate"},
            timeout=self._settings.timeout_s,
            follow_redirects=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()
        for limiter in self._limiters.values():
            limiter.close()

    @property
    def user_agent(self) -> str:
        """Who asks, and how to reach them."""
        contact = self._settings.contact or "no contact configured"
        return f"animevec/{__version__} ({contact})"

    def base_url(self, facts: SourceFacts) -> str:
        """The source's address, or the one configured in its place."""
        return self._settings.base_urls.get(facts.name, facts.base_url).rstrip("/")

    @property
    def limit(self) -> int:
        """The most bytes an answer may have."""
        return self._settings.response_bytes

    @property
    def timeout(self) -> float:
        """Seconds one request may take."""
        return self._settings.timeout_s

    async def allowed(self, facts: SourceFacts, url: str) -> None:
        """Wait until ``url`` may be fetched by a client other than this one.

        Raises:
            RequestFailed: robots.txt does not allow it.
        """
        await self._ask_robots(facts, url)
        await self._limiter(facts).acquire()

    async def get(
        self,
        facts: SourceFacts,
        path: str,
        *,
        params: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        tally: Tally | None = None,
    ) -> Reply:
        """The answer to a GET below the source's address.

        Raises:
            RequestFailed: no answer; says which outcome that is.
        """
        url = self.base_url(facts) + path
        if facts.robots:
            await self._ask_robots(facts, url)
        return await self._send(facts, httpx.URL(url, params=dict(params or {})), headers, tally)

    async def post(
        self, facts: SourceFacts, path: str, body: Any, *, tally: Tally | None = None
    ) -> Reply:
        """The answer to a query sent as JSON by POST; cached by its content.

        Raises:
            RequestFailed: as ``get``.
        """
        content = json.dumps(body, sort_keys=True).encode()
        digest = hashlib.sha256(content).hexdigest()
        url = httpx.URL(self.base_url(facts) + path, params={"digest": digest})
        return await self._send(facts, url, {"accept": "application/json"}, tally, content)

    async def _send(
        self,
        facts: SourceFacts,
        url: httpx.URL,
        headers: Mapping[str, str] | None,
        tally: Tally | None,
        post: bytes | None = None,
    ) -> Reply:
        sending = Sending(facts, self._limiter(facts), tally or Tally(), post)
        attempts = AsyncRetrying(
            stop=stop_after_attempt(self._settings.attempts),
            retry=retry_if_exception(self._worth_another),
            wait=_wait,
            reraise=True,
        )
        async for attempt in attempts:
            with attempt:
                return await self._once(url, headers, sending)
        raise AssertionError("tenacity either returns or raises")

    async def _once(
        self, url: httpx.URL, headers: Mapping[str, str] | None, sending: Sending
    ) -> Reply:
        for _ in range(4):
            sent = sending.tally.requests
            request = self._http.build_request(
                "GET", url, headers=dict(headers or {}), extensions={"sending": sending}
            )
            request.extensions["timeout"] = httpx.Timeout(self._settings.timeout_s).as_dict()
            response = await self._http.send(request)
            if not response.is_redirect:
                from_cache = sending.tally.requests == sent
                sending.tally.cached += from_cache
                return Reply(str(url), response.content, _made(response), from_cache)
            url = _followed(url, response)
        raise RequestFailed(OutcomeKind.MALFORMED, f"{url} redirects without end")

    def _limiter(self, facts: SourceFacts) -> SourceLimiter:
        if facts.name not in self._limiters:
            rates = facts.rates
            if facts.name in self._settings.base_urls and self._settings.stand_in_rate:
                rates = (Rate(requests=self._settings.stand_in_rate, seconds=1),)
            self._limiters[facts.name] = SourceLimiter(facts.name, rates, self._folder)
        return self._limiters[facts.name]

    def _worth_another(self, error: BaseException) -> bool:
        if not isinstance(error, RequestFailed) or not error.transient:
            return False
        return (error.retry_after_s or 0.0) <= self._settings.retry_wait_s

    async def _ask_robots(self, facts: SourceFacts, url: str) -> None:
        if facts.name not in self._rules:
            try:
                robots = httpx.URL(urljoin(self.base_url(facts), "/robots.txt"))
                self._rules[facts.name] = Rules.read(await self._send(facts, robots, None, None))
            except RequestFailed as failure:
                self._rules[facts.name] = Rules.without(failure)
        rules = self._rules[facts.name]
        if not rules.allow(url, self.user_agent):
            raise RequestFailed(OutcomeKind.REFUSED, f"robots.txt does not allow {url}")
        self._limiter(facts).space(rules.delay(self.user_agent))


def _followed(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    target = url.join(response.headers.get("location", ""))
    if target.host != url.host:
        raise RequestFailed(OutcomeKind.REFUSED, f"{url} redirects to another host, {target.host}")
    return target


def _made(response: httpx.Response) -> datetime:
    try:
        made = parsedate_to_datetime(response.headers["date"])
        return made.astimezone(UTC) if made.tzinfo else made.replace(tzinfo=UTC)
    except (KeyError, ValueError, TypeError):
        return datetime.now(UTC)


def _no_fault_of_the_source(error: BaseException) -> bool:
    return isinstance(error, RequestFailed) and error.kind is not OutcomeKind.UNREACHABLE


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_s if isinstance(error, RequestFailed) else None
    return asked if asked is not None else BACKOFF(state)
