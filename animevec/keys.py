"""API keys: random tokens of which only a hash is stored, each with a role."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Column, DateTime, MetaData, Row, String, Table, insert, select

from animevec.catalog.engine import connect, writing
from animevec.errors import Conflict, NotFound

PREFIX = "avk"

_METADATA = MetaData()
_KEYS = Table(
    "api_keys",
    _METADATA,
    Column("id", String(16), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("role", String(16), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
)


class Role(StrEnum):
    """What a key may do: readers search, admins also change."""

    READER = "reader"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known about an issued key; the token itself is not."""

    id: str
    name: str
    role: Role
    created_at: datetime


class KeyStore:
    """Issued keys in a database; tokens carry 256 random bits, so SHA-256 needs no salt."""

    def __init__(self, url: str) -> None:
        self._engine = connect(url)
        _METADATA.create_all(self._engine)

    def issue(self, name: str, role: Role) -> tuple[ApiKey, str]:
        """A new key and its token, which is shown this once.

        Raises:
            Conflict: a key of that name is in force.
        """
        if any(key.name == name for key in self.list()):
            raise Conflict(f"a key named '{name}' exists; revoke it or take another name")
        key = ApiKey(secrets.token_hex(4), name, role, datetime.now(UTC))
        token = f"{PREFIX}_{key.id}_{secrets.token_urlsafe(32)}"
        row = {"id": key.id, "name": name, "role": role.value, "hash": _hash(token)}
        with writing(self._engine) as connection:
            connection.execute(insert(_KEYS).values(**row, created_at=key.created_at))
        return key, token

    def verify(self, token: str) -> ApiKey | None:
        """The key a token belongs to; None if nobody issued it or it was revoked."""
        prefix, _, rest = token.partition("_")
        if prefix != PREFIX:
            return None
        query = select(_KEYS).where(_KEYS.c.id == rest.partition("_")[0][:16])
        with self._engine.connect() as connection:
            row = connection.execute(query.where(_KEYS.c.revoked_at.is_(None))).one_or_none()
        if row is None or not hmac.compare_digest(row.hash, _hash(token)):
            return None
        return _key(row)

    def list(self) -> list[ApiKey]:
        """The keys in force, oldest first."""
        query = select(_KEYS).where(_KEYS.c.revoked_at.is_(None)).order_by(_KEYS.c.created_at)
        with self._engine.connect() as connection:
            return [_key(row) for row in connection.execute(query)]

    def revoke(self, key_id: str) -> None:
        """Put a key out of force.

        Raises:
            NotFound: no such key is in force.
        """
        change = _KEYS.update().where(_KEYS.c.id == key_id, _KEYS.c.revoked_at.is_(None))
        with writing(self._engine) as connection:
            changed = connection.execute(change.values(revoked_at=datetime.now(UTC))).rowcount
        if not changed:
            raise NotFound(f"no key '{key_id}' is in force", key=key_id)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def admin_key(store: KeyStore, file: Path) -> str:
    """The installation's first admin key, issued and written (mode 0600) if ``file`` has none."""
    if file.is_file():
        token = file.read_text().strip()
        if store.verify(token):
            return token
    for key in store.list():
        if key.name == "installation":
            store.revoke(key.id)
    _, token = store.issue("installation", Role.ADMIN)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(token + "\n")
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(row.id, row.name, Role(row.role), row.created_at)
