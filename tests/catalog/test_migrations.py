"""The migrated schema, and processes that migrate at once."""

import multiprocessing
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from animevec.catalog import engine as database
from animevec.catalog import schema
from animevec.catalog.migrations import FOLDER, migrate
from animevec.catalog.store import Catalog


def test_the_migrated_schema_is_the_one_the_code_uses(url: str) -> None:
    engine = database.connect(url)
    migrate(engine)
    with engine.connect() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]


def _open_and_write(url: str, barrier: Any, record: Any) -> None:
    barrier.wait()
    with Catalog.open(url) as catalog:
        catalog.put([record], "racer")


def test_processes_that_open_a_new_catalogue_at_once_all_succeed(url: str, make: Any) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(3)
    racers = [
        spawn.Process(target=_open_and_write, args=(url, barrier, make(n))) for n in (1, 2, 3)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert [racer.exitcode for racer in racers] == [0, 0, 0]
    with Catalog.open(url) as catalog:
        assert (catalog.count(), catalog.revision()) == (3, 3)
