"""A server's answers and silences as our errors, and which of them are worth asking again."""

import json
from collections.abc import Callable
from typing import TypeVar

from httpx import TransportError
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from animevec.errors import AnimevecError, Conflict, InvalidRequest, NotFound, Unavailable
from animevec.index.server_patience import Patience

T = TypeVar("T")

BUSY = (429, 502, 503, 504)
BACKOFF = wait_random_exponential(multiplier=0.1, max=2.0)


def ask(name: str, call: Callable[[], T], patience: Patience) -> T:
    """The result of a call, repeated while the failure looks passing and ``patience`` lasts.

    A call must be safe to repeat though it may have arrived: a creation goes through
    :func:`repeatable`, a snapshot has one attempt.

    Raises:
        NotFound: no such collection.
        InvalidRequest: the server refused the request.
        Conflict: the server's state forbids it.
        Unavailable: no answer in time, a refused key, or a failure inside the server.
    """
    retrying = Retrying(
        retry=retry_if_exception(_passing),
        stop=stop_after_attempt(patience.attempts) | stop_before_delay(patience.whole_s),
        wait=_pause,
        reraise=True,
    )
    try:
        return retrying(patience.bounded(call))
    except UnexpectedResponse as error:
        raise _refused(name, error) from error
    except ResourceExhaustedResponse as error:
        raise Unavailable(
            f"Qdrant is over its limit: {error}; try again in {error.retry_after_s} s",
            retry_after_s=error.retry_after_s,
        ) from error
    except ResponseHandlingException as error:
        raise Unavailable(
            f"Qdrant does not answer: {error.source}; check index.url and that it is running"
        ) from error


def repeatable(create: Callable[[], object]) -> Callable[[], None]:
    """A creation that may be repeated: what a second attempt finds made, the first one made."""
    attempts = 0

    def attempt() -> None:
        nonlocal attempts
        attempts += 1
        try:
            create()
        except UnexpectedResponse as error:
            if attempts == 1 or error.status_code != 409:
                raise

    return attempt


def _pause(state: RetryCallState) -> float:
    error = state.outcome and state.outcome.exception()
    if isinstance(error, ResourceExhaustedResponse):
        return float(error.retry_after_s)
    return BACKOFF(state)


def _passing(error: BaseException) -> bool:
    if isinstance(error, ResourceExhaustedResponse):
        return True
    if isinstance(error, ResponseHandlingException):
        return isinstance(error.source, TransportError)
    return isinstance(error, UnexpectedResponse) and error.status_code in BUSY


def _refused(name: str, error: UnexpectedResponse) -> AnimevecError:
    words = _words(error.content)
    match error.status_code:
        case 404:
            return NotFound(f"there is no index {name!r}: {words}", name=name)
        case 400 | 413 | 422:
            return InvalidRequest(f"Qdrant refuses the request on {name!r}: {words}", name=name)
        case 409:
            return Conflict(f"Qdrant refuses the change of {name!r}: {words}", name=name)
        case 401 | 403:
            return Unavailable("Qdrant refuses the key; set ANIMEVEC_INDEX__API_KEY")
    return Unavailable(f"Qdrant failed on {name!r} with {error.status_code}: {words}", name=name)


def _words(content: bytes) -> str:
    try:
        return str(json.loads(content)["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return content[:200].decode("utf-8", "replace")
