"""The review queue: values and ids sources contradict each other on, and what operators set."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Float,
    MetaData,
    Row,
    String,
    Table,
    Text,
    Uuid,
    delete,
    insert,
    select,
    update,
)

from animevec.catalog.engine import writing
from animevec.catalog.record import Anime
from animevec.catalog.transaction import storable
from animevec.errors import Conflict as AlreadyDone
from animevec.errors import NotFound
from flows.enrichment.ledger import ANSWER
from flows.enrichment.schedule import utc
from flows.enrichment.types import Conflict, Override

METADATA = MetaData()
REVIEW = Table(
    "enrichment_review",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("field", String(40), primary_key=True),
    Column("title", Text, nullable=False),
    Column("chosen", String(40), nullable=False),
    Column("value", Text, nullable=False),
    Column("others", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(12), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text),
)
OVERRIDE = Table(
    "enrichment_override",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("field", String(40), primary_key=True),
    Column("value", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("reason", Text),
)


class State(StrEnum):
    """Where an item of the queue is."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Item:
    """A field of a title, the value in force, and what other sources say."""

    id: UUID
    field: str
    title: str
    chosen: str
    value: Any
    others: Mapping[str, Any]
    confidence: float
    state: State
    at: datetime
    actor: str | None


class Reviews:
    """The queue and the overrides, in the ledger's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        METADATA.create_all(engine)

    def offer(self, record: Anime, conflicts: Iterable[Conflict]) -> int:
        """Queue conflicts of a title; returns how many are new or have changed.

        One settled before stays settled until a source says something else; one that sources no
        longer have leaves the queue.
        """
        wanted = {conflict.field: conflict for conflict in conflicts}
        with writing(self._engine) as connection:
            query = select(REVIEW).where(REVIEW.c.id == record.id)
            known = {row.field: row for row in connection.execute(query)}
            fresh = [
                conflict
                for field, conflict in wanted.items()
                if field not in known or known[field].digest != _digest(conflict)
            ]
            past = [f for f, row in known.items() if f not in wanted and row.state == State.OPEN]
            stale = [*past, *(conflict.field for conflict in fresh)]
            if stale:
                where = (REVIEW.c.id == record.id) & REVIEW.c.field.in_(stale)
                connection.execute(delete(REVIEW).where(where))
            if fresh:
                connection.execute(insert(REVIEW), [_row(record, conflict) for conflict in fresh])
        return len(fresh)

    def items(self, state: State | None = State.OPEN, limit: int = 100) -> list[Item]:
        """Items, the least sure first."""
        query = select(REVIEW).order_by(REVIEW.c.confidence, REVIEW.c.id, REVIEW.c.field)
        if state is not None:
            query = query.where(REVIEW.c.state == state.value)
        with self._engine.connect() as connection:
            return [_item(row) for row in connection.execute(query.limit(limit))]

    def find(self, id: UUID, field: str) -> Item:
        """One item.

        Raises:
            NotFound: nothing was ever queued for that field of that title.
        """
        where = (REVIEW.c.id == id) & (REVIEW.c.field == field)
        with self._engine.connect() as connection:
            row = connection.execute(select(REVIEW).where(where)).one_or_none()
        if row is None:
            raise NotFound(f"there is no review of {field} of {id}; see `animevec review list`")
        return _item(row)

    def close(self, id: UUID, field: str, state: State, actor: str) -> None:
        """An operator settled an item.

        Raises:
            Conflict: it was settled before.
        """
        if (item := self.find(id, field)).state is not State.OPEN:
            raise AlreadyDone(f"{field} of {id} was {item.state} by {item.actor} already")
        where = (REVIEW.c.id == id) & (REVIEW.c.field == field)
        values = {"state": state.value, "actor": storable(actor), "at": datetime.now(UTC)}
        with writing(self._engine) as connection:
            connection.execute(update(REVIEW).where(where).values(values))

    def override(self, id: UUID, override: Override) -> None:
        """Keep a value of an operator; it takes the place of an earlier one."""
        where = (OVERRIDE.c.id == id) & (OVERRIDE.c.field == override.field)
        row = {
            "id": id,
            "field": override.field,
            "value": json.dumps(override.value, sort_keys=True),
            "actor": storable(override.actor),
            "at": override.at,
            "reason": None if override.reason is None else storable(override.reason),
        }
        with writing(self._engine) as connection:
            connection.execute(delete(OVERRIDE).where(where))
            connection.execute(insert(OVERRIDE).values(row))

    def withdraw(self, id: UUID, field: str) -> None:
        """Take an operator's value back; from the next run on the sources speak again.

        Raises:
            NotFound: none was set.
        """
        where = (OVERRIDE.c.id == id) & (OVERRIDE.c.field == field)
        settled = (REVIEW.c.id == id) & (REVIEW.c.field == field)
        with writing(self._engine) as connection:
            if connection.execute(delete(OVERRIDE).where(where)).rowcount == 0:
                raise NotFound(f"no operator set {field} of {id}")
            connection.execute(delete(REVIEW).where(settled))

    def forget(self, id: UUID, sources: Sequence[str]) -> None:
        """What ``sources`` answered about a title was about another one; they are due again."""
        where = (ANSWER.c.id == id) & ANSWER.c.source.in_(list(sources))
        with writing(self._engine) as connection:
            connection.execute(delete(ANSWER).where(where))

    def overrides(self, ids: Sequence[UUID]) -> dict[UUID, dict[str, Override]]:
        """What operators set, by title and field."""
        found: dict[UUID, dict[str, Override]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(select(OVERRIDE).where(OVERRIDE.c.id.in_(list(ids)))):
                found.setdefault(row.id, {})[row.field] = Override(
                    field=row.field,
                    value=json.loads(row.value),
                    actor=row.actor,
                    at=utc(row.at),
                    reason=row.reason,
                )
        return found


def _digest(conflict: Conflict) -> str:
    said = [conflict.chosen, conflict.value, dict(conflict.others)]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def _row(record: Anime, conflict: Conflict) -> dict[str, Any]:
    return {
        "id": record.id,
        "field": conflict.field,
        "title": storable(record.title),
        "chosen": conflict.chosen,
        "value": json.dumps(conflict.value),
        "others": json.dumps(dict(conflict.others)),
        "confidence": conflict.confidence,
        "digest": _digest(conflict),
        "state": State.OPEN.value,
        "at": datetime.now(UTC),
        "actor": None,
    }


def _item(row: Row[Any]) -> Item:
    return Item(
        id=row.id,
        field=row.field,
        title=row.title,
        chosen=row.chosen,
        value=json.loads(row.value),
        others=json.loads(row.others),
        confidence=row.confidence,
        state=State(row.state),
        at=utc(row.at),
        actor=row.actor,
    )
