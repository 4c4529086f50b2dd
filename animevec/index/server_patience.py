"""How long a call of a server may take, all its attempts together."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from httpx import Request, Response, Timeout

T = TypeVar("T")

MOMENT = 0.001
_SECONDS: ContextVar[float] = ContextVar("seconds of an attempt")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a server may be silent in one attempt, seconds for all of them, their number."""

    attempt_s: float
    whole_s: float
    attempts: int = 4

    def bounded(self, call: Callable[[], T]) -> Callable[[], T]:
        """The call, from now on: no attempt waits longer than the whole has left."""
        deadline = monotonic() + self.whole_s

        def attempt() -> T:
            left = max(deadline - monotonic(), MOMENT)
            token = _SECONDS.set(min(self.attempt_s, left))
            try:
                return call()
            finally:
                _SECONDS.reset(token)

        return attempt


# A write may wait for an optimiser, and no request of a user waits for it.
WRITING = Patience(attempt_s=60.0, whole_s=180.0)
# A snapshot takes what disk and network take; asked for twice, it would lie on the server twice.
COPYING = Patience(attempt_s=6 * 3600.0, whole_s=6 * 3600.0, attempts=1)


def reading(timeout_s: float) -> Patience:
    """For a read, which a user's request waits for: a second attempt fits in after a silent one."""
    return Patience(attempt_s=0.4 * timeout_s, whole_s=timeout_s)


def limited(request: Request, send: Callable[[Request], Response]) -> Response:
    """Middleware of the client: a request waits no longer than its attempt may."""
    request.extensions["timeout"] = Timeout(_SECONDS.get()).as_dict()
    return send(request)
