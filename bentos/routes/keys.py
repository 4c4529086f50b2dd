"""API keys: list, issue, revoke."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from animevec.keys import ApiKey, Role
from bentos.access import ADMIN
from bentos.answering import ERRORS, service_of

router = APIRouter(prefix="/api/v1/admin/keys", tags=["keys"], dependencies=ADMIN, responses=ERRORS)


class KeyRequest(BaseModel):
    """The key to issue."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = Field(
        examples=["search-page"]
    )
    role: Role = Role.READER


class KeyInfo(BaseModel):
    """A key in force, without its token."""

    id: str
    name: str
    role: Role
    created_at: datetime


class IssuedKey(KeyInfo):
    """A new key; the token is shown this once."""

    token: str


def _info(key: ApiKey) -> dict[str, object]:
    return {"id": key.id, "name": key.name, "role": key.role, "created_at": key.created_at}


@router.get("")
def listed(request: Request) -> list[KeyInfo]:
    """The keys in force."""
    return [KeyInfo.model_validate(_info(key)) for key in service_of(request).keys.list()]


@router.post("", status_code=201)
def issue(request: Request, body: KeyRequest) -> IssuedKey:
    """Issue a key; keep its token, only a hash is stored."""
    key, token = service_of(request).keys.issue(body.name, body.role)
    return IssuedKey.model_validate({**_info(key), "token": token})


@router.delete("/{key_id}", status_code=204)
def revoke(request: Request, key_id: str) -> None:
    """Put a key out of force; other processes notice within 5 seconds."""
    service_of(request).keys.revoke(key_id)
