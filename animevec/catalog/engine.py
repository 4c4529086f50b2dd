"""How the catalogue reaches its database: SQLite by default, PostgreSQL by URL."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from animevec.errors import InvalidRequest, Unavailable

BUSY_SECONDS = 60
MIGRATION_LOCK = 0x616E696D  # any constant; "anim"


def connect(url: str) -> Engine:
    """A pooled engine for ``url``: ``sqlite:///file`` or ``postgresql://...``.

    Raises:
        InvalidRequest: not a URL, an engine other than these two, or SQLite without a file or in
            a folder that cannot be made.
    """
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise InvalidRequest(
            "the catalogue URL cannot be read; write sqlite:///file or postgresql://user@host/name"
        ) from error
    if address.drivername.startswith("sqlite"):
        return _sqlite(url, address.database)
    if address.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        driver = address.set(drivername="postgresql+psycopg")
        return create_engine(driver, pool_pre_ping=True)
    raise InvalidRequest(
        f"the catalogue cannot live in {address.drivername!r}; use sqlite or postgresql"
    )


@contextmanager
def reached(engine: Engine, failures: type[DBAPIError] = OperationalError) -> Iterator[None]:
    """Where the database fails, and not a statement, that is ``Unavailable``."""
    try:
        yield
    except failures as error:
        reason = str(error.orig).partition("\n")[0]
        raise Unavailable(f"the database {engine.url.database} cannot be used: {reason}") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment on SQLite.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with reached(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds SQLite's write lock from its first statement.

    Raises:
        Unavailable: the database cannot be reached, or takes no writes.
    """
    with (
        reached(engine),
        engine.connect().execution_options(immediate=True) as connection,
        connection.begin(),
    ):
        yield connection


def lock_schema(connection: Connection) -> None:
    """Let one process migrate at a time; SQLite's write lock already does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})


def _sqlite(url: str, database: str | None) -> Engine:
    if not database or database == ":memory:":
        raise InvalidRequest("the catalogue needs a file that outlives it; use sqlite:///file")
    folder = Path(database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(
            f"the folder {folder} of the catalogue cannot be made: {error.strerror}"
        ) from error
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _busy(error: BaseException) -> bool:
    codes = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in codes


@retry(
    retry=retry_if_exception(_busy),
    stop=stop_after_delay(BUSY_SECONDS),
    wait=wait_random(0, 0.05),
    reraise=True,
)
def _use_wal(connection: sqlite3.Connection) -> None:
    """Switching the journal fails at once, without the busy timeout, when two processes try."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
