"""The promotion ledger: every promotion's phase, durable before the next step is taken."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import psutil
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Index,
    Integer,
    String,
    Table,
    Text,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError

from animevec.catalog.engine import connect
from animevec.errors import Conflict, NotFound
from animevec.settings import Settings
from registry.audit import METADATA


class Phase(StrEnum):
    """How far a promotion has come; the last two are final."""

    INTENT = "intent"
    VERIFIED = "verified"
    MOVED = "moved"
    CONFIRMED = "confirmed"
    FAILED = "failed"


SILENCE = timedelta(hours=1)
NOBODY = ""
OPEN = (Phase.INTENT, Phase.VERIFIED, Phase.MOVED)

PROMOTIONS = Table(
    "promotions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("alias", String(40), nullable=False),
    Column("version", String(40), nullable=False),
    Column("previous", String(40)),
    Column("phase", String(20), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("error", Text),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("updated", DateTime(timezone=True), nullable=False),
)
# One open promotion per alias: the database says who wins when two start at once.
Index(
    "one_open_promotion",
    PROMOTIONS.c.alias,
    unique=True,
    sqlite_where=text("phase IN ('intent', 'verified', 'moved')"),
    postgresql_where=text("phase IN ('intent', 'verified', 'moved')"),
)


@dataclass(frozen=True, slots=True)
class Promotion:
    """One row of the ledger."""

    id: int
    alias: str
    version: str
    previous: str | None
    phase: str
    actor: str
    reason: str
    owner: str
    error: str | None
    started: datetime
    updated: datetime

    @property
    def abandoned(self) -> bool:
        """True when it is open and nobody works on it: its process is gone, or silent too long."""
        if self.phase not in OPEN:
            return False
        updated = self.updated if self.updated.tzinfo else self.updated.replace(tzinfo=UTC)
        if datetime.now(UTC) - updated > SILENCE:
            return True
        if self.owner == NOBODY:
            return True
        host, pid, born = self.owner.rsplit(":", 2)
        if host != socket.gethostname():
            return False
        try:
            process = psutil.Process(int(pid))
            ended = process.status() == psutil.STATUS_ZOMBIE
            return ended or int(process.create_time()) != int(born)
        except psutil.NoSuchProcess:
            return True


@dataclass(frozen=True)
class Ledger:
    """Promotions over a database."""

    engine: Engine

    def open(self, alias: str, version: str, previous: str | None, actor: str, reason: str) -> int:
        """Record the intent and return the promotion's number.

        Raises:
            Conflict: another promotion of this alias is open.
        """
        now = datetime.now(UTC)
        values = (alias, version, previous, Phase.INTENT, actor, reason, _owner(), None, now, now)
        row = dict(zip([c.name for c in PROMOTIONS.columns][1:], values, strict=True))
        try:
            with self.engine.begin() as connection:
                statement = PROMOTIONS.insert().values(**row).returning(PROMOTIONS.c.id)
                return int(connection.execute(statement).scalar_one())
        except IntegrityError as error:
            held = next(iter(self.list(open_only=True)), None)
            who = f"promotion {held.id} to {held.version} by {held.actor}" if held else "another"
            raise Conflict(
                f"{who} is under way ({held.phase if held else 'open'}); wait until it ends",
                promotion=held.id if held else None,
            ) from error

    def advance(self, promotion: int, phase: Phase, error: str | None = None) -> None:
        """Move a promotion to a phase and take it over; durable when this returns."""
        values = {"phase": phase, "error": error, "owner": _owner(), "updated": datetime.now(UTC)}
        with self.engine.begin() as connection:
            connection.execute(
                PROMOTIONS.update().where(PROMOTIONS.c.id == promotion).values(**values)
            )

    def take(self, promotion: Promotion) -> bool:
        """Own a promotion that somebody left; False where another was faster."""
        values = {"owner": _owner(), "updated": datetime.now(UTC)}
        left = (PROMOTIONS.c.id == promotion.id) & (PROMOTIONS.c.owner == promotion.owner)
        with self.engine.begin() as connection:
            done = connection.execute(
                PROMOTIONS.update().where(left & PROMOTIONS.c.phase.in_(OPEN)).values(**values)
            )
            return done.rowcount == 1

    def leave(self, promotion: int) -> None:
        """Let whoever comes next finish a promotion; one that has ended stays as it is."""
        mine = (PROMOTIONS.c.id == promotion) & PROMOTIONS.c.phase.in_(OPEN)
        with self.engine.begin() as connection:
            connection.execute(PROMOTIONS.update().where(mine).values(owner=NOBODY))

    def get(self, promotion: int) -> Promotion:
        """One promotion by number."""
        with self.engine.connect() as connection:
            row = connection.execute(select(PROMOTIONS).where(PROMOTIONS.c.id == promotion)).first()
        if row is None:
            raise NotFound(f"no promotion {promotion}")
        return Promotion(*row)

    def list(self, open_only: bool = False, limit: int = 50) -> list[Promotion]:
        """The newest promotions first."""
        query = select(PROMOTIONS).order_by(PROMOTIONS.c.id.desc()).limit(limit)
        if open_only:
            query = query.where(PROMOTIONS.c.phase.in_(OPEN))
        with self.engine.connect() as connection:
            return [Promotion(*row) for row in connection.execute(query)]


def open_records(settings: Settings) -> Engine:
    """The database of ledger and audit log: beside the catalogue, its tables made when absent."""
    settings.home.mkdir(parents=True, exist_ok=True)
    url = settings.catalog.url or f"sqlite:///{settings.home / 'registry.db'}"
    engine = connect(url)
    METADATA.create_all(engine)
    return engine


@contextmanager
def records(settings: Settings) -> Iterator[Engine]:
    """``open_records`` for a block."""
    engine = open_records(settings)
    try:
        yield engine
    finally:
        engine.dispose()


def _owner() -> str:
    born = int(psutil.Process().create_time())
    return f"{socket.gethostname()}:{os.getpid()}:{born}"
