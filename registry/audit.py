"""Audit events: small documented records, kept for good."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, Column, DateTime, Engine, Integer, MetaData, String, Table, select

METADATA = MetaData()
EVENTS = Table(
    "audit_events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("event", String(40), nullable=False, index=True),
    Column("actor", String(200), nullable=False),
    Column("facts", JSON, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something somebody did that must be readable later."""

    name: ClassVar[str]
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted(Event):
    """An alias moved to a release and the service confirmed it."""

    name: ClassVar[str] = "promoted"
    alias: str
    version: str
    previous: str | None
    promotion: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionFailed(Event):
    """A promotion ended with the previous champion serving."""

    name: ClassVar[str] = "promotion_failed"
    alias: str
    version: str
    previous: str | None
    promotion: int
    phase: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Served(Event):
    """The service switched to a release, whoever moved the alias."""

    name: ClassVar[str] = "served"
    version: str
    previous: str | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """The service would not load the release an alias points to; the old one keeps serving."""

    name: ClassVar[str] = "refused"
    version: str
    serving: str | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated(Event):
    """A gate judged a candidate."""

    name: ClassVar[str] = "gated"
    version: str
    passed: bool
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned(Event):
    """A release and its index were removed by retention."""

    name: ClassVar[str] = "pruned"
    version: str
    index: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted(Event):
    """Something needs a person."""

    name: ClassVar[str] = "alerted"
    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A recorded event."""

    id: int
    at: datetime
    event: str
    actor: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class AuditLog:
    """Append-only log over a database."""

    engine: Engine

    def record(self, event: Event) -> int:
        """Write an event and return its number; it is durable when this returns."""
        facts = asdict(event)
        row = {"at": datetime.now(UTC), "event": event.name, "actor": facts.pop("actor")}
        with self.engine.begin() as connection:
            statement = EVENTS.insert().values(**row, facts=facts).returning(EVENTS.c.id)
            return int(connection.execute(statement).scalar_one())

    def entries(self, event: str | None = None, limit: int = 100) -> list[Entry]:
        """The newest events first, of one kind where ``event`` is given."""
        query = select(EVENTS).order_by(EVENTS.c.id.desc()).limit(limit)
        if event:
            query = query.where(EVENTS.c.event == event)
        with self.engine.connect() as connection:
            return [Entry(*row) for row in connection.execute(query)]
