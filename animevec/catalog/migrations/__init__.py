"""Alembic migrations of the catalogue, applied when it is opened."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from animevec.catalog import engine as database
from animevec.catalog.schema import HEAD, VERSION_TABLE

FOLDER = Path(__file__).parent


def migrate(engine: Engine) -> None:
    """Bring the schema to its newest form; safe when several processes start at once."""
    with engine.connect() as connection:
        if _current(connection) == HEAD:
            return
    with database.writing(engine) as connection:
        database.lock_schema(connection)
        if _current(connection) != HEAD:
            _upgrade(connection)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
