"""The catalogue: the source of truth, with a growing revision for every change."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Self
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from animevec.catalog import engine as database
from animevec.catalog import schema
from animevec.catalog.migrations import migrate
from animevec.catalog.record import Anime
from animevec.catalog.statistics import CatalogStats, summarise
from animevec.catalog.transaction import UPSERT, PutReport, Transaction

ChangeKind = Literal["upsert", "delete"]

__all__ = ["Catalog", "Change", "ChangeKind", "PutReport", "Version"]


@dataclass(frozen=True, slots=True)
class Change:
    """The newest thing that happened to a title."""

    revision: int
    id: UUID
    kind: ChangeKind


@dataclass(frozen=True, slots=True)
class Version:
    """One entry of a title's history; a deletion has no record."""

    revision: int
    kind: ChangeKind
    actor: str
    reason: str | None
    at: datetime
    record: Anime | None


class Catalog:
    """Anime records on SQLite or PostgreSQL; may be shared by threads, and by processes by URL.

    Opening migrates the schema.  Writers queue up behind one another; readers never wait.

    Raises:
        InvalidRequest: the URL names no database this can use.
        Unavailable: the database cannot be reached, or its file is none.
    """

    def __init__(self, url: str) -> None:
        self._engine = database.connect(url)
        with database.reached(self._engine, DBAPIError):
            migrate(self._engine)

    @classmethod
    def open(cls, url: str) -> Self:
        """The catalogue at ``url``, made or migrated as needed."""
        return cls(url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction for reading; on SQLite everything in it sees one moment."""
        with database.reading(self._engine) as connection:
            yield Transaction(connection)

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction that is the only writer; all of it is committed, or nothing."""
        with database.writing(self._engine) as connection:
            transaction = Transaction(connection)
            transaction.lock()
            yield transaction

    def revision(self) -> int:
        """The newest committed revision; 0 before the first change."""
        with self.reading() as transaction:
            return transaction.revision()

    def count(self) -> int:
        """How many titles there are."""
        with self.reading() as transaction:
            return transaction.count()

    def get(self, id: UUID) -> Anime | None:
        """One title, or None where there is none or it was deleted."""
        return self.get_many([id]).get(id)

    def get_many(self, ids: Iterable[UUID]) -> dict[UUID, Anime]:
        """Those of the ``ids`` that exist."""
        with self.reading() as transaction:
            return transaction.records(ids)

    def resolve(self, key: str) -> UUID | None:
        """The id of a title from ``mal:1`` or the text of its id; None where there is none.

        Where several titles share the key, the one with the smallest id.
        """
        if not key.isprintable():  # PostgreSQL takes no NUL
            return None
        with self.reading() as transaction:
            if ":" in key and not key.startswith("urn:"):
                return next(iter(transaction.owners([key]).get(key, ())), None)
            try:
                id = UUID(key)
            except ValueError:
                return None
            return next((found for found, _ in transaction.texts([id])), None)

    def deleted(self, key: str) -> UUID | None:
        """The id of a deleted title that was known under a key such as ``mal:1``."""
        with self.reading() as transaction:
            found = transaction.deleted([key] if key.isprintable() else []).get(key, ())
        return next(iter(found), None)

    def put(self, records: Sequence[Anime], actor: str) -> PutReport:
        """Write records, all or none; one that equals what is stored gets no revision.

        Of several records with one id the last stands.
        """
        with self.writing() as transaction:
            return transaction.put(records, actor)

    def delete(self, ids: Iterable[UUID], actor: str, reason: str) -> int:
        """Delete titles, and record who did and why; returns how many of them existed."""
        with self.writing() as transaction:
            return transaction.delete(ids, actor, reason)

    def changes(self, after: int, limit: int = 1_000) -> list[Change]:
        """The newest change of every title changed since revision ``after``, oldest first.

        A follower that goes on from the last revision it got misses nothing.
        """
        anime = schema.anime
        query = (
            select(anime.c.revision, anime.c.id, anime.c.kind)
            .where(anime.c.revision > after)
            .order_by(anime.c.revision)
            .limit(limit)
        )
        with self.reading() as transaction:
            return [Change(*row) for row in transaction.connection.execute(query)]

    def iterate(self, batch: int = 500) -> Iterator[Anime]:
        """Every title by id, ``batch`` per transaction, so that writers need not wait.

        Read ``revision()`` first, and ``changes`` from there tell what moved meanwhile.
        """
        return (Anime.model_validate_json(text) for text in self.texts(batch))

    def texts(self, batch: int = 500) -> Iterator[str]:
        """As ``iterate``, but the stored JSON."""
        anime, version = schema.anime, schema.version
        query = (
            select(anime.c.id, version.c.record)
            .join(version, version.c.revision == anime.c.revision)
            .where(anime.c.kind == UPSERT)
            .order_by(anime.c.id)
            .limit(batch)
        )
        after = UUID(int=0)
        while True:
            with self.reading() as transaction:
                rows = transaction.connection.execute(query.where(anime.c.id > after)).all()
            yield from (row.record for row in rows)
            if len(rows) < batch:
                return
            after = rows[-1].id

    def history(self, id: UUID) -> list[Version]:
        """Every version of a title, oldest first; empty for an id never seen."""
        version = schema.version
        query = select(version).where(version.c.id == id).order_by(version.c.revision)
        with self.reading() as transaction:
            rows = transaction.connection.execute(query).all()
        return [
            Version(
                revision=row.revision,
                kind=row.kind,
                actor=row.actor,
                reason=row.reason,
                at=row.at.replace(tzinfo=row.at.tzinfo or UTC),
                record=None if row.record is None else Anime.model_validate_json(row.record),
            )
            for row in rows
        ]

    def stats(self) -> CatalogStats:
        """Counts by type, status, decade and genre, and how complete the fields are."""
        return summarise(self.revision(), self.texts(2_000))
