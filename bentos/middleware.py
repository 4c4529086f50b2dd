"""The middleware stack as data; each member is a small ASGI callable.

Outermost first: HEAD -> request id -> account (metrics, access log) -> errors -> auth -> limit ->
body cap.  Account and errors stand outside the rest so that refusals are counted and enveloped too.
"""

import hmac
import re
import time
from dataclasses import dataclass
from uuid import uuid4

import structlog
from cachetools import TTLCache
from sqlalchemy.exc import OperationalError
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from animevec.errors import AnimevecError, RateLimited, TooLarge, Unavailable
from animevec.keys import KeyStore, Role
from animevec.settings import LimitSettings, Settings
from bentos.envelope import error_response
from bentos.metrics import Metrics

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_PROBES = frozenset({"/livez", "/readyz", "/metrics"})
_PICTURED = frozenset({"/api/v1/search/image", "/api/v1/search/multimodal"})
_UPSERT = "/api/v1/admin/vectors/upsert"
_KEY_MEMORY_S = 5.0
_WINDOW_S = 60.0
_MAX_CALLERS = 100_000
_log = structlog.get_logger("access")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the key's id and role; both None without a key, role None for an unknown one."""

    key: str | None = None
    role: Role | None = None


def stack(settings: Settings, keys: KeyStore, metrics: Metrics) -> list[Middleware]:
    """The whole stack, outermost first."""
    limits = settings.limits
    return [
        Middleware(Head),
        Middleware(RequestId),
        Middleware(Account, metrics=metrics),
        Middleware(Errors),
        Middleware(Auth, keys=keys, provided=settings.serve.admin_key.get_secret_value()),
        Middleware(Limit, per_minute=limits.requests_per_minute, metrics=metrics),
        Middleware(BodyCap, limits=limits),
    ]


class Head:
    """Answers HEAD as GET is answered, without the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            return await self.app(scope, receive, send)

        async def headers_only(message: Message) -> None:
            empty = {"body": b""} if message["type"] == "http.response.body" else {}
            await send({**message, **empty})

        await self.app({**scope, "method": "GET"}, receive, headers_only)


class RequestId:
    """Takes a sane X-Request-ID or makes one, and echoes it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _SANE_ID.fullmatch(given) else uuid4().hex
        scope["request_id"] = request_id

        async def echo(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        await self.app(scope, receive, echo)


class Account:
    """Counts and times every request and writes its one log line."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = time.perf_counter()
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self.metrics.in_flight.inc()
        try:
            await self.app(scope, receive, watch)
        finally:
            self.metrics.in_flight.dec()
            self._record(scope, status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", "unmatched")
        self.metrics.requests.labels(route, scope["method"], status).inc()
        self.metrics.duration.labels(route).observe(seconds)
        caller: Caller = scope.get("caller", Caller())
        say = _log.debug if scope["path"] in _PROBES else _log.info
        say(
            "request",
            request_id=scope["request_id"],
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 2),
            client=_address(scope),
            key=caller.key,
            error=scope.get("error_code"),
        )


class Errors:
    """Turns what was raised, wherever it was, into the envelope; a crash is logged with its id."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as raised:  # nothing outside knows the envelope
            error = _told(raised, scope["request_id"])
            scope["error_code"] = error.code
            if started:
                raise
            await error_response(error, scope["request_id"])(scope, receive, send)


def _told(raised: Exception, request_id: str) -> AnimevecError:
    """What the client is told; what is no answer to it goes to the log."""
    if isinstance(raised, AnimevecError):
        return raised
    if isinstance(raised, OperationalError):
        _log.error("database", request_id=request_id, error=str(raised.orig))
        return Unavailable("the database does not answer; try again", retry_after_s=1)
    _log.error("crashed", request_id=request_id, exc_info=raised)
    return AnimevecError("unexpected failure; the log has it under this request id")


class Auth:
    """Says who is asking; whether that is enough is for the route to decide."""

    def __init__(self, app: ASGIApp, keys: KeyStore, provided: str) -> None:
        self.app = app
        self.keys = keys
        self.provided = provided
        self.known: TTLCache[str, Caller] = TTLCache(1024, _KEY_MEMORY_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["caller"] = self._caller(_token(Headers(scope=scope)))
        await self.app(scope, receive, send)

    def _caller(self, token: str | None) -> Caller:
        if token is None:
            return Caller()
        if self.provided and hmac.compare_digest(token.encode(), self.provided.encode()):
            return Caller("provided", Role.ADMIN)
        known = self.known.get(token)
        if known is None:
            key = self.keys.verify(token)
            if key is None:
                return Caller("unknown")
            known = self.known[token] = Caller(key.id, key.role)
        return known


@dataclass(slots=True)
class _Window:
    """A caller's minute: when it ends, and how many requests it has seen."""

    ends: float
    taken: int = 0


class Limit:
    """Requests per minute by key, or by address without a known one.

    A caller's minute begins with its first request.  Nothing runs beside the requests: windows
    that ended go when a new one is opened.
    """

    def __init__(self, app: ASGIApp, per_minute: int, metrics: Metrics) -> None:
        self.app = app
        self.per_minute = per_minute
        self.windows: TTLCache[tuple[str, str], _Window] = TTLCache(_MAX_CALLERS, _WINDOW_S)
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _PROBES:
            self._take(scope)
        await self.app(scope, receive, send)

    def _take(self, scope: Scope) -> None:
        caller: Caller = scope["caller"]
        who = ("key", caller.key) if caller.key and caller.role else ("ip", _address(scope))
        window = self.windows.get(who)
        if window is None:
            window = self.windows[who] = _Window(time.monotonic() + _WINDOW_S)
        window.taken += 1
        if window.taken <= self.per_minute:
            return
        self.metrics.rejected.labels("rate").inc()
        wait = max(0.0, window.ends - time.monotonic())
        raise RateLimited(
            f"more than {self.per_minute} requests in a minute; try again in {wait:.0f} s "
            "(configs: limits.requests_per_minute)",
            limit=self.per_minute,
            retry_after_s=round(wait, 1),
        )


@dataclass(frozen=True, slots=True)
class Cap:
    """What a body may hold, and the settings that say so."""

    size: int
    parts: int
    settings: str


class BodyCap:
    """Refuses a body beyond its endpoint's limits by its header, or as soon as too much arrived.

    A body is read on the event loop, where small parts cost a thousand times what a picture does
    by size: they are counted first.  Only an admin's upsert may be large.
    """

    def __init__(self, app: ASGIApp, limits: LimitSettings) -> None:
        self.app = app
        picture = -(-limits.image_bytes // 3) * 4  # base64
        self.plain = Cap(limits.json_bytes, limits.json_parts, "limits.json_bytes")
        self.pictured = Cap(
            limits.json_bytes + picture,
            limits.json_parts,
            "limits.json_bytes and limits.image_bytes",
        )
        self.upsert = Cap(
            limits.body_bytes, limits.json_parts * limits.batch_items, "limits.body_bytes"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        cap = self._cap(scope)
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > cap.size:
            raise _too_long(int(declared), cap)
        received = parts = 0

        async def counted() -> Message:
            nonlocal received, parts
            message = await receive()
            body = message.get("body", b"")
            received += len(body)
            if received > cap.size:
                raise _too_long(received, cap)
            parts += body.count(b",") + body.count(b"[") + body.count(b"{")
            if parts > cap.parts:
                raise _too_many(parts, cap)
            return message

        await self.app(scope, counted, send)

    def _cap(self, scope: Scope) -> Cap:
        if scope["path"] in _PICTURED:
            return self.pictured
        caller: Caller = scope["caller"]
        admin = scope["path"] == _UPSERT and caller.role is Role.ADMIN
        return self.upsert if admin else self.plain


def _too_long(size: int, cap: Cap) -> TooLarge:
    return TooLarge(
        f"the body has at least {size} bytes; the limit is {cap.size} (configs: {cap.settings})",
        bytes=size,
        limit=cap.size,
    )


def _too_many(parts: int, cap: Cap) -> TooLarge:
    return TooLarge(
        f"the body has at least {parts} commas and opening brackets; the limit is {cap.parts} "
        "(configs: limits.json_parts)",
        parts=parts,
        limit=cap.parts,
    )


def _token(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return headers.get("x-api-key")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "local"
