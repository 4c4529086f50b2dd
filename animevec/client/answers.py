"""Answers read: models from good ones, the platform's own errors from the others."""

from typing import Any, TypeVar

import httpx
from pydantic import ValidationError
from tenacity import RetryCallState, wait_random_exponential

from animevec.client.calls import Call
from animevec.errors import AnimevecError, Unavailable, from_envelope

T = TypeVar("T")
_BACKOFF = wait_random_exponential(multiplier=0.2, max=5.0)
_WORTH_REPEATING = frozenset({429, 503})


def read(call: Call[T], response: httpx.Response) -> T:
    """The answer as its model.

    Raises:
        AnimevecError: the class that the error's code names; the base for what is no answer of
            the service's.
    """
    if not response.is_success:
        raise _error(response)
    try:
        return call.answer.validate_json(response.content)
    except ValidationError as error:
        raise _foreign(response, AnimevecError) from error


def unreachable(error: httpx.RequestError) -> Unavailable:
    """The error of a service that does not answer."""
    return Unavailable(f"the service does not answer: {type(error).__name__}: {error}")


def worth_repeating(call: Call[Any], error: BaseException) -> bool:
    """Whether the same call may go well a moment later."""
    if isinstance(error, AnimevecError):
        return error.status == 429 or (call.repeatable and error.status in _WORTH_REPEATING)
    return False


def wait(state: RetryCallState) -> float:
    """Seconds until the next attempt: what the service asks for, else a growing random pause."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.details.get("retry_after_s") if isinstance(error, AnimevecError) else None
    return float(asked) if asked is not None else _BACKOFF(state)


def _error(response: httpx.Response) -> AnimevecError:
    try:
        body = response.json()["error"]
        error = from_envelope(body)
        error.details["request_id"] = body["request_id"]
    except (ValueError, KeyError, TypeError):
        error = _foreign(response, Unavailable if response.status_code >= 502 else AnimevecError)
    after = response.headers.get("retry-after", "")
    if after.isdigit():
        error.details.setdefault("retry_after_s", int(after))
    return error


def _foreign(response: httpx.Response, kind: type[AnimevecError]) -> AnimevecError:
    """The error of what is not in the service's own words: a proxy's, or of another service."""
    return kind(f"HTTP {response.status_code}: {response.text[:200]}")
