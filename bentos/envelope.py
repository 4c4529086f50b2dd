"""Every error becomes the one envelope: a table from exception to response."""

import json
from math import ceil

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, JsonValue
from starlette.exceptions import HTTPException
from starlette.responses import Response

from animevec.errors import (
    AnimevecError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unavailable,
)
from animevec.validation import refusal

_BY_STATUS: dict[int, type[AnimevecError]] = {
    400: InvalidRequest,
    404: NotFound,
    405: MethodNotAllowed,
    413: TooLarge,
    422: InvalidRequest,
    503: Unavailable,
}


class ErrorBody(BaseModel):
    """What went wrong; ``details`` holds the same facts for programs."""

    code: str = Field(examples=["invalid_request"])
    message: str
    details: dict[str, JsonValue] = {}
    request_id: str | None


class ErrorEnvelope(BaseModel):
    """The body of every error of every endpoint."""

    error: ErrorBody


def error_response(error: AnimevecError, request_id: str | None) -> Response:
    """The envelope with its status; tells when to try again where the error knows."""
    body = json.dumps(error.envelope(request_id), ensure_ascii=False, default=str)
    response = Response(body.encode(), error.status, media_type="application/json")
    wait = error.details.get("retry_after_s")
    if wait is not None:
        response.headers["Retry-After"] = str(max(1, ceil(wait)))
    if error.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def install(app: FastAPI) -> None:
    """Put the handlers of framework errors into the app; the rest is the middleware's."""
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _framework)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if isinstance(error.body, bytes):  # which the framework left as they are
        kind = request.headers.get("content-type", "")
        return _respond(
            request,
            InvalidRequest(
                f"the body is sent as {kind!r:.80}; send JSON with 'Content-Type: application/json'"
            ),
        )
    return _respond(request, refusal(error.errors(), within=1))


async def _framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, AnimevecError):
        return _respond(request, error.__cause__)
    known = _BY_STATUS.get(error.status_code, InvalidRequest)
    response = _respond(request, known(_framework_message(request, error)))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _framework_message(request: Request, error: HTTPException) -> str:
    if error.status_code == 404 and error.detail == "Not Found":
        return f"no such path: {request.url.path}; GET /docs lists them"
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return f"{request.method} is not allowed on {request.url.path}; allowed: {allowed}"
    return str(error.detail)


def _respond(request: Request, error: AnimevecError) -> Response:
    request.scope["error_code"] = error.code
    return error_response(error, request_id_of(request))


def request_id_of(request: Request) -> str | None:
    """The id the request-id middleware gave this request."""
    value = request.scope.get("request_id")
    return value if isinstance(value, str) else None
