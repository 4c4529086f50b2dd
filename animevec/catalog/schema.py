"""The tables of the catalogue; ``migrations/`` builds the same ones, and a test holds them equal.

``anime`` has one row per title ever seen (a deleted one keeps its row and its keys as a
tombstone) and points at its newest row in ``anime_version``, which is the history.
``catalog_counter`` is the last revision given out: every writer locks its one row until it
commits, so revisions become visible in order and a follower that asks for what came after *n*
never misses a lower number that was committed later.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)

HEAD = "0002"
VERSION_TABLE = "catalog_schema"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

counter = Table(
    "catalog_counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
)

version = Table(
    "anime_version",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("record", Text),
    Index(None, "id", "revision"),
)

anime = Table(
    "anime",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("revision", BigInteger, ForeignKey("anime_version.revision"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("digest", String(64), nullable=False),
    Index(None, "revision", unique=True),
)

key = Table(
    "anime_key",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("id", Uuid, ForeignKey("anime.id"), primary_key=True),
    Index(None, "id"),
)

imports = Table(
    "catalog_import",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("format", String(40), nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("left_out", BigInteger, nullable=False, server_default="0"),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("finished", DateTime(timezone=True)),
)

import_error = Table(
    "catalog_import_error",
    metadata,
    Column("digest", String(64), ForeignKey("catalog_import.digest"), primary_key=True),
    Column("line", BigInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
)
