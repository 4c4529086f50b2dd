"""What lies between the cache and the network: limiter, breaker, size limit, typed failures.

It is below the cache, so that a cached answer waits for nobody.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import httpx
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from flows.enrichment.http.limiter import LONGEST_PAUSE_S, SourceLimiter
from flows.enrichment.http.reply import RequestFailed, Tally
from flows.enrichment.types import OutcomeKind, SourceFacts

CHALLENGES = (b"Just a moment...", b"cf-challenge", b"challenge-platform", b"AntiLeech")
DROPPED = ("content-encoding", "content-length", "transfer-encoding")


@dataclass(frozen=True, slots=True)
class Sending:
    """What a request carries down to the network beside itself."""

    facts: SourceFacts
    limiter: SourceLimiter
    tally: Tally = field(default_factory=Tally)
    post: bytes | None = None


class PoliteTransport(httpx.AsyncBaseTransport):
    """Sends one request when its source allows; whatever is no answer becomes a RequestFailed."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, breakers: AsyncCircuitBreakerFactory, limit: int
    ) -> None:
        self._inner = inner
        self._breakers = breakers
        self._limit = limit

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The whole answer, at most ``limit`` bytes of it, with the source's own freshness."""
        sending: Sending = request.extensions["sending"]
        breaker = await self._breakers.get_breaker(sending.facts.name)
        try:
            async with breaker:
                await sending.limiter.acquire()
                sending.tally.requests += 1
                return await self._answer(_outgoing(request, sending), sending)
        except OpenedState as error:
            raise RequestFailed(
                OutcomeKind.UNREACHABLE, f"{sending.facts.name} keeps failing; left alone for now"
            ) from error

    async def _answer(self, request: httpx.Request, sending: Sending) -> httpx.Response:
        try:
            response = await self._inner.handle_async_request(request)
            response.request = request
            try:
                body = await self._read(response)
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise _unreachable(f"no answer in time: {type(error).__name__}") from error
        except httpx.TransportError as error:
            raise _unreachable(f"{type(error).__name__}: {error}") from error
        except httpx.DecodingError as error:
            raise RequestFailed(OutcomeKind.MALFORMED, f"broken encoding: {error}") from error
        _raise_for(response, body, sending)
        headers = _headers(response, body, sending.facts)
        return httpx.Response(response.status_code, headers=headers, content=body)

    async def _read(self, response: httpx.Response) -> bytes:
        declared = response.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._limit:
            raise self._too_large(f"{int(declared) / 1e6:.1f} MB")
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._limit:
                raise self._too_large("longer")
        return bytes(body)

    def _too_large(self, size: str) -> RequestFailed:
        return RequestFailed(
            OutcomeKind.MALFORMED,
            f"the answer is {size}; the limit is {self._limit / 1e6:.1f} MB "
            "(configs: enrichment.response_bytes)",
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def _outgoing(request: httpx.Request, sending: Sending) -> httpx.Request:
    """The request as the source wants it.

    A query sent by POST goes through the cache as a GET that has the digest of its body in its
    address, because a cache may not answer a POST.
    """
    if sending.post is None:
        return request
    headers = {**request.headers, "content-type": "application/json"}
    url = request.url.copy_remove_param("digest")
    return httpx.Request(
        "POST", url, headers=headers, content=sending.post, extensions=request.extensions
    )


def _raise_for(response: httpx.Response, body: bytes, sending: Sending) -> None:
    status = response.status_code
    if status < 400:
        return
    wait = retry_after(response.headers)
    if status == 429:
        sending.limiter.pause(min(wait or 1.0, LONGEST_PAUSE_S))
        raise RequestFailed(OutcomeKind.REFUSED, "429 too many requests", wait or 1.0, True)
    if status in {404, 410}:
        raise RequestFailed(OutcomeKind.NOT_FOUND, f"status {status}")
    if any(mark in body[:20_000] for mark in CHALLENGES) or "cf-mitigated" in response.headers:
        raise RequestFailed(OutcomeKind.REFUSED, f"status {status} with a block page")
    if status == 555:
        raise RequestFailed(OutcomeKind.REFUSED, "status 555: banned for now", wait)
    if status >= 500 or status == 408:
        raise RequestFailed(OutcomeKind.UNREACHABLE, f"status {status}", wait, True)
    raise RequestFailed(OutcomeKind.REFUSED, f"status {status}", wait)


def _headers(response: httpx.Response, body: bytes, facts: SourceFacts) -> dict[str, str]:
    kept = {name: value for name, value in response.headers.items() if name not in DROPPED}
    kept.setdefault("date", format_datetime(datetime.now(UTC), usegmt=True))
    if any(body.lstrip()[:200].startswith(mark.encode()) for mark in facts.error_marks):
        kept["cache-control"] = "no-store"
    elif facts.keep_s is not None and response.status_code == 200:
        kept["cache-control"] = f"max-age={int(facts.keep_s)}"
        for name in ("vary", "expires", "pragma", "age"):
            kept.pop(name, None)
    return kept


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds a ``Retry-After`` header asks for, as a number or a date (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    try:
        if value.isascii() and value.replace(".", "", 1).isdigit():
            seconds = float(value)
            return seconds if math.isfinite(seconds) else None
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _unreachable(detail: str) -> RequestFailed:
    return RequestFailed(OutcomeKind.UNREACHABLE, detail, transient=True)
