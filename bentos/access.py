"""What a route demands of its caller, as FastAPI dependencies that /docs shows.

They are coroutines because FastAPI runs plain functions in a thread each.
"""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from animevec.errors import Forbidden, Unauthorized
from animevec.keys import Role
from bentos.middleware import Caller

_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="`avk_...`")
_BEARER = HTTPBearer(auto_error=False, description="the same key as a bearer token")
_WAY_OUT = "send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"


async def _shown(
    _header: Annotated[str | None, Security(_HEADER)] = None,
    _bearer: Annotated[object, Security(_BEARER)] = None,
) -> None:
    """Puts the key into the OpenAPI document; the middleware has already read it."""


async def reader(request: Request) -> Caller:
    """Anyone, unless ``serve.require_key``; but never a key nobody issued.

    Raises:
        Unauthorized: an unknown key, or none where one is needed.
    """
    caller: Caller = request.scope["caller"]
    if caller.role is None and (caller.key or request.app.state.service.require_key):
        raise _unauthorized(caller)
    return caller


async def admin(request: Request) -> Caller:
    """The holder of an admin key.

    Raises:
        Unauthorized: no key or an unknown one.
        Forbidden: a reader's key.
    """
    caller: Caller = request.scope["caller"]
    if caller.role is None:
        raise _unauthorized(caller)
    if caller.role is not Role.ADMIN:
        raise Forbidden(f"key '{caller.key}' is a {caller.role} key; this needs an admin key")
    return caller


def _unauthorized(caller: Caller) -> Unauthorized:
    if caller.key:
        return Unauthorized("this key was never issued or has been revoked")
    return Unauthorized(f"this needs an API key; {_WAY_OUT}")


READER = [Depends(_shown), Depends(reader)]
ADMIN = [Depends(_shown), Depends(admin)]
