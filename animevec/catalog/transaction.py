"""What reads and writes do inside one database transaction."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from animevec.catalog import schema
from animevec.catalog.record import Anime

UPSERT = "upsert"
DELETE = "delete"
T = TypeVar("T")
CHUNK = 1_000  # ids in one IN list; SQLite takes 32,766 parameters


@dataclass(frozen=True, slots=True)
class PutReport:
    """What a write did; ``revision`` is the catalogue's after it."""

    created: int
    updated: int
    unchanged: int
    revision: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A title ever seen: whether it was deleted, and the keys it has or had then."""

    deleted: bool
    keys: Mapping[str, str]


def encode(record: Anime) -> str:
    """Canonical JSON of a record: sorted keys, defaults left out; equal records are equal text."""
    return json.dumps(
        record.model_dump(mode="json", exclude_defaults=True),
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )


def storable(text: str) -> str:
    """Text that every database takes: PostgreSQL has no NUL, UTF-8 no lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


@dataclass(frozen=True, slots=True)
class Transaction:
    """The catalogue as one transaction sees it."""

    connection: Connection

    def revision(self) -> int:
        """The newest committed revision; 0 before the first change."""
        return int(self.connection.execute(select(schema.counter.c.revision)).scalar_one())

    def count(self) -> int:
        """How many titles there are."""
        return self.connection.execute(
            select(func.count()).where(schema.anime.c.kind == UPSERT)
        ).scalar_one()

    def lock(self) -> int:
        """Become the only writer until this transaction ends; returns the revision so far."""
        query = select(schema.counter.c.revision).with_for_update()
        return int(self.connection.execute(query).scalar_one())

    def texts(self, ids: Iterable[UUID]) -> Iterator[tuple[UUID, str]]:
        """The stored JSON of the ``ids`` that exist."""
        anime, version = schema.anime, schema.version
        for chunk in _chunks(ids):
            yield from self.connection.execute(
                select(anime.c.id, version.c.record)
                .join(version, version.c.revision == anime.c.revision)
                .where(anime.c.id.in_(chunk), anime.c.kind == UPSERT)
            ).tuples()

    def records(self, ids: Iterable[UUID]) -> dict[UUID, Anime]:
        """The records of the ``ids`` that exist."""
        return {id: Anime.model_validate_json(text) for id, text in self.texts(ids)}

    def owners(self, keys: Iterable[str]) -> Mapping[str, Sequence[UUID]]:
        """Titles known under each key such as ``anilist:1``, in the order of their ids."""
        return self._holders(keys, [UPSERT])

    def deleted(self, keys: Iterable[str]) -> Mapping[str, Sequence[UUID]]:
        """As ``owners``, but the titles that were deleted under each key."""
        return self._holders(keys, [DELETE])

    def standings(self, ids: Iterable[UUID], keys: Iterable[str]) -> dict[UUID, Standing]:
        """Every title ever seen under one of the ``ids`` or ``keys``."""
        rows = self._rows(set(ids).union(*self._holders(keys, [UPSERT, DELETE]).values()))
        found: dict[UUID, dict[str, str]] = {id: {} for id in rows}
        key = schema.key
        for chunk in _chunks(rows):
            query = select(key.c.id, key.c.key).where(key.c.id.in_(chunk))
            for id, text in self.connection.execute(query):
                provider, _, value = text.partition(":")
                found[id][provider] = value
        return {id: Standing(rows[id].kind == DELETE, had) for id, had in found.items()}

    def containing(self, part: str) -> Iterator[str]:
        """The stored JSON of every title that contains ``part`` in it."""
        anime, version = schema.anime, schema.version
        yield from self.connection.execute(
            select(version.c.record)
            .join(anime, version.c.revision == anime.c.revision)
            .where(anime.c.kind == UPSERT, version.c.record.contains(part, autoescape=True))
        ).scalars()

    def put(self, records: Sequence[Anime], actor: str) -> PutReport:
        """Write the records that differ from what is stored."""
        revision = self.lock()
        wanted = {record.id: record for record in records}
        before = self._rows(wanted)
        created: list[dict[str, Any]] = []
        updated: list[dict[str, Any]] = []
        for id, record in wanted.items():
            text = encode(record)
            digest = hashlib.sha256(text.encode()).hexdigest()
            old = before.get(id)
            if old is not None and old.kind == UPSERT and old.digest == digest:
                continue
            revision += 1
            change = {"id": id, "revision": revision, "digest": digest, "record": text}
            (updated if old is not None else created).append({**change, "kind": UPSERT})
        changed = created + updated
        self._write(created, updated, actor, None)
        self._write_keys([wanted[change["id"]] for change in changed])
        revived = sum(before[change["id"]].kind == DELETE for change in updated)
        return PutReport(
            created=len(created) + revived,
            updated=len(updated) - revived,
            unchanged=len(wanted) - len(changed),
            revision=revision,
        )

    def delete(self, ids: Iterable[UUID], actor: str, reason: str) -> int:
        """Leave tombstones for the ``ids`` that exist; returns how many did.

        A tombstone keeps its keys, by which a source's next dump is told not to bring it back.
        """
        revision = self.lock()
        alive = sorted(id for id, row in self._rows(ids).items() if row.kind == UPSERT)
        changes = [
            {"id": id, "revision": number, "kind": DELETE, "digest": "", "record": None}
            for number, id in enumerate(alive, start=revision + 1)
        ]
        self._write([], changes, actor, reason)
        return len(alive)

    def _holders(self, keys: Iterable[str], kinds: Sequence[str]) -> Mapping[str, Sequence[UUID]]:
        found: dict[str, list[UUID]] = defaultdict(list)
        key, anime = schema.key, schema.anime
        for chunk in _chunks(keys):
            rows = self.connection.execute(
                select(key.c.key, key.c.id)
                .join(anime, anime.c.id == key.c.id)
                .where(key.c.key.in_(chunk), anime.c.kind.in_(kinds))
                .order_by(key.c.id)
            )
            for text, id in rows:
                found[text].append(id)
        return found

    def _rows(self, ids: Iterable[UUID]) -> dict[UUID, Row[Any]]:
        anime = schema.anime
        return {
            row.id: row
            for chunk in _chunks(ids)
            for row in self.connection.execute(select(anime).where(anime.c.id.in_(chunk)))
        }

    def _write(
        self,
        created: Sequence[dict[str, Any]],
        updated: Sequence[dict[str, Any]],
        actor: str,
        reason: str | None,
    ) -> None:
        changes = sorted([*created, *updated], key=lambda change: change["revision"])
        if not changes:
            return
        stamp = {
            "actor": storable(actor),
            "reason": None if reason is None else storable(reason),
            "at": datetime.now(UTC),
        }
        versions = [
            {**stamp, **{name: change[name] for name in ("revision", "id", "kind", "record")}}
            for change in changes
        ]
        self.connection.execute(insert(schema.version), versions)
        if created:
            self.connection.execute(insert(schema.anime), [_head(change) for change in created])
        if updated:
            self.connection.execute(
                update(schema.anime).where(schema.anime.c.id == bindparam("title")),
                [{"title": change["id"], **_head(change)} for change in updated],
            )
        self.connection.execute(update(schema.counter).values(revision=changes[-1]["revision"]))

    def _write_keys(self, records: Sequence[Anime]) -> None:
        self._drop_keys([record.id for record in records])
        rows = [
            {"key": f"{provider}:{value}", "id": record.id}
            for record in records
            for provider, value in record.keys.items()
        ]
        if rows:
            self.connection.execute(insert(schema.key), rows)

    def _drop_keys(self, ids: Sequence[UUID]) -> None:
        for chunk in _chunks(ids):
            self.connection.execute(delete(schema.key).where(schema.key.c.id.in_(chunk)))


def _head(change: Mapping[str, Any]) -> dict[str, Any]:
    return {name: change[name] for name in ("id", "revision", "kind", "digest")}


def _chunks(values: Iterable[T]) -> Iterator[Sequence[T]]:
    everything = list(values)
    for start in range(0, len(everything), CHUNK):
        yield everything[start : start + CHUNK]
