"""One exception hierarchy; each class knows its envelope code and its HTTP status.

A message names the value, the limit and the way out.  ``details`` holds the same
facts for programs and must be JSON-serialisable.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

Result = TypeVar("Result")


class AnimevecError(Exception):
    """Base of every error the platform raises on purpose."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = details

    def envelope(self, request_id: str | None = None) -> Mapping[str, Any]:
        """The error body of every endpoint: ``{"error": {code, message, details, request_id}}``.

        Whatever text of the caller's it repeats, it can be sent: half a surrogate pair is escaped.
        """
        return {
            "error": {
                "code": self.code,
                "message": _legible(self.message),
                "details": _legible(self.details),
                "request_id": request_id,
            }
        }


class InvalidRequest(AnimevecError):
    """A value the caller sent is wrong: type, range, unknown name, contradiction."""

    code = "invalid_request"
    status = 422


class Unauthorized(AnimevecError):
    """No key, or a key nobody issued."""

    code = "unauthorized"
    status = 401


class Forbidden(AnimevecError):
    """The key is known but its role does not allow this."""

    code = "forbidden"
    status = 403


class NotFound(AnimevecError):
    """A title, index, model, job or release that does not exist."""

    code = "not_found"
    status = 404


class MethodNotAllowed(AnimevecError):
    """The path exists, but not for this HTTP method."""

    code = "method_not_allowed"
    status = 405


class Conflict(AnimevecError):
    """Somebody else holds it, or its state forbids the change."""

    code = "conflict"
    status = 409


class TooLarge(AnimevecError):
    """A body, text or picture beyond its limit."""

    code = "too_large"
    status = 413


class UnsupportedMedia(AnimevecError):
    """Bytes that are not a JPEG, PNG or WebP picture."""

    code = "unsupported_media"
    status = 415


class RateLimited(AnimevecError):
    """More requests than the key or address may send; ``details['retry_after_s']`` says when."""

    code = "rate_limited"
    status = 429


class Unavailable(AnimevecError):
    """A dependency is down, or the service is still warming up."""

    code = "unavailable"
    status = 503


class DeadlineExceeded(AnimevecError):
    """The work did not finish within its time."""

    code = "deadline_exceeded"
    status = 504


class ModelError(AnimevecError):
    """A model's files or numbers are unusable: missing head, wrong shape, NaN, unsafe pickle."""

    code = "model_error"
    status = 500


def _legible(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_legible(key): _legible(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_legible(part) for part in value]
    return value


def from_envelope(error: Mapping[str, Any]) -> AnimevecError:
    """The exception an envelope's ``error`` object was made of; the base for an unknown code."""
    kinds = {kind.code: kind for kind in AnimevecError.__subclasses__()}
    kind = kinds.get(str(error["code"]), AnimevecError)
    return kind(str(error["message"]), **dict(error["details"]))


def attempt(call: Callable[..., Result], *arguments: Any) -> Result | AnimevecError:
    """What a call returns, or the error of ours that it raises: the outcome of one of many."""
    try:
        return call(*arguments)
    except AnimevecError as error:
        return error
