"""The store, on both engines."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree
from typing import Any
from uuid import UUID

import pytest

from animevec.catalog.engine import connect
from animevec.catalog.store import Catalog, Change
from animevec.errors import InvalidRequest, Unavailable


def test_an_empty_catalogue_is_at_revision_0(catalog: Catalog, make: Any) -> None:
    assert (catalog.revision(), catalog.count(), catalog.changes(0)) == (0, 0, [])
    assert catalog.get(make(1).id) is None
    assert list(catalog.iterate()) == []


def test_every_change_gets_the_next_revision(catalog: Catalog, make: Any) -> None:
    report = catalog.put([make(1), make(2)], "me")
    assert (report.created, report.updated, report.unchanged, report.revision) == (2, 0, 0, 2)
    report = catalog.put([make(1), make(2, year=1998), make(3)], "me")
    assert (report.created, report.updated, report.unchanged, report.revision) == (1, 1, 1, 4)
    assert catalog.revision() == 4


def test_a_record_comes_back_as_it_was_put(catalog: Catalog, make: Any) -> None:
    record = make(1, synopsis="火の鳥\x00\u2028 'quoted' %s", score=8.75, links={"a": "b"})
    catalog.put([record], "me")
    assert catalog.get(record.id) == record


def test_equal_records_are_unchanged_whatever_the_order_of_their_maps(
    catalog: Catalog, make: Any
) -> None:
    catalog.put([make(1, links={"a": "1", "b": "2"})], "me")
    assert catalog.put([make(1, links={"b": "2", "a": "1"})], "me").unchanged == 1


def test_of_two_records_with_one_id_the_last_stands(catalog: Catalog, make: Any) -> None:
    assert catalog.put([make(1, year=1990), make(1, year=1991)], "me").created == 1
    assert catalog.get(make(1).id).year == 1991  # type: ignore[union-attr]


def test_a_failed_write_leaves_nothing(catalog: Catalog, make: Any) -> None:
    class Stop(Exception): ...

    with pytest.raises(Stop), catalog.writing() as transaction:
        transaction.put([make(1)], "me")
        raise Stop
    assert (catalog.count(), catalog.revision()) == (0, 0)


def test_changes_tell_the_newest_of_each_title_in_order(catalog: Catalog, make: Any) -> None:
    one, two, three = make(1), make(2), make(3)
    catalog.put([one, two, three], "me")
    catalog.put([make(1, year=1998)], "me")
    catalog.delete([two.id], "me", "withdrawn")
    assert catalog.changes(0) == [
        Change(3, three.id, "upsert"),
        Change(4, one.id, "upsert"),
        Change(5, two.id, "delete"),
    ]
    assert catalog.changes(3, limit=1) == [Change(4, one.id, "upsert")]
    assert catalog.changes(5) == []


def test_a_deletion_is_recorded_and_can_be_undone_by_a_put(catalog: Catalog, make: Any) -> None:
    record = make(1)
    catalog.put([record], "me")
    assert catalog.delete([record.id, make(2).id], "admin", "withdrawn") == 1
    assert catalog.delete([record.id], "admin", "again") == 0
    assert catalog.get(record.id) is None
    assert catalog.resolve("mal:1") is None
    assert (catalog.count(), list(catalog.iterate())) == (0, [])
    assert catalog.put([record], "me").created == 1
    history = catalog.history(record.id)
    assert [(v.kind, v.actor, v.reason) for v in history] == [
        ("upsert", "me", None),
        ("delete", "admin", "withdrawn"),
        ("upsert", "me", None),
    ]
    assert [v.record for v in history] == [record, None, record]
    assert history[0].at.utcoffset() is not None


def test_a_reason_may_be_any_text(catalog: Catalog, make: Any) -> None:
    catalog.put([make(1)], "me\x00")
    catalog.delete([make(1).id], "me", "\x00 \ud800 火")
    put, deleted = catalog.history(make(1).id)
    assert (put.actor, deleted.reason) == ("me\\x00", "\\x00 \\ud800 火")


def test_a_title_is_found_by_any_of_its_keys(catalog: Catalog, make: Any) -> None:
    record = make(1, keys={"mal": "1", "anilist": "10", "animeplanet": "a-b"})
    catalog.put([record], "me")
    for key in ("mal:1", "anilist:10", "animeplanet:a-b", str(record.id), str(record.id).upper()):
        assert catalog.resolve(key) == record.id
    for key in (
        "mal:2",
        "anilist:1",
        "",
        "nonsense",
        "mal:\x00",
        "mal:\ud800",
        str(UUID(int=7)),
        f"urn:uuid:{UUID(int=7)}",
    ):
        assert catalog.resolve(key) is None


def test_a_key_that_moved_is_no_longer_found_where_it_was(catalog: Catalog, make: Any) -> None:
    catalog.put([make(1, keys={"mal": "1", "anilist": "10"})], "me")
    catalog.put([make(1, keys={"mal": "1"})], "me")
    assert catalog.resolve("anilist:10") is None


def test_a_key_of_several_titles_is_the_same_title_every_time(catalog: Catalog, make: Any) -> None:
    records = [make(n, keys={"mal": str(n), "anidb": "69"}) for n in (3, 1, 2)]
    catalog.put(records, "me")
    assert catalog.resolve("anidb:69") == min(record.id for record in records)


@pytest.mark.parametrize("batch", [1, 7, 20, 21, 500])
def test_iterating_gives_every_title_once(catalog: Catalog, make: Any, batch: int) -> None:
    records = [make(n) for n in range(1, 21)]
    catalog.put(records, "me")
    assert list(catalog.iterate(batch)) == sorted(records, key=lambda record: record.id)


def test_more_ids_than_one_statement_takes(catalog: Catalog, make: Any) -> None:
    records = [make(n) for n in range(1, 2_502)]
    catalog.put(records, "me")
    assert len(catalog.get_many(record.id for record in records)) == 2_501
    assert catalog.delete((record.id for record in records), "me", "all") == 2_501


def test_stats_count_what_is_there(catalog: Catalog, make: Any) -> None:
    catalog.put([make(1, type="TV", year=1998, genres=("Action",)), make(2, year=1999)], "me")
    stats = catalog.stats()
    assert (stats.titles, stats.revision) == (2, 2)
    assert stats.types == {"TV": 1, "UNKNOWN": 1}
    assert stats.decades == {"1990s": 2}
    assert stats.genres == {"Action": 1}
    assert stats.completeness["year"] == 1.0
    assert stats.completeness["genres"] == 0.5


def test_threads_writing_at_once_lose_nothing(catalog: Catalog, make: Any) -> None:
    def write(start: int) -> None:
        for n in range(start, start + 10):
            catalog.put([make(n)], f"thread {start}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(1, 81, 10)))
    assert (catalog.count(), catalog.revision()) == (80, 80)
    assert [change.revision for change in catalog.changes(0)] == list(range(1, 81))


def test_a_follower_never_misses_a_revision_committed_late(catalog: Catalog, make: Any) -> None:
    """A writer that began first commits last; the one behind it may not overtake."""
    overtaken = threading.Thread(target=lambda: catalog.put([make(2)], "second"))
    seen: list[int] = []
    with catalog.writing() as transaction:
        transaction.put([make(1)], "first")
        overtaken.start()
        time.sleep(0.3)
        seen += [change.revision for change in catalog.changes(0)]
    overtaken.join()
    seen += [change.revision for change in catalog.changes(max(seen, default=0))]
    assert seen == [1, 2]


def test_readers_do_not_wait_for_a_writer(catalog: Catalog, make: Any) -> None:
    catalog.put([make(1)], "me")
    with catalog.writing() as transaction:
        transaction.put([make(1, year=1998)], "me")
        assert catalog.get(make(1).id) == make(1)


def test_opening_again_keeps_everything(url: str, make: Any) -> None:
    for expected in (0, 1):
        with Catalog.open(url) as catalog:
            assert catalog.count() == expected
            catalog.put([make(1)], "me")


def test_sqlite_writes_through_to_the_disk(tmp_path: Path) -> None:
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'new' / 'catalog.db'}")
    with catalog, catalog.reading() as transaction:
        run = transaction.connection.exec_driver_sql
        assert run("PRAGMA journal_mode").scalar() == "wal"
        assert run("PRAGMA synchronous").scalar() == 2
        assert run("PRAGMA foreign_keys").scalar() == 1
        assert run("PRAGMA busy_timeout").scalar() == 60_000


@pytest.mark.parametrize("url", ["mysql://a/b", "sqlite://", "sqlite:///:memory:", "what"])
def test_a_url_of_no_known_engine_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match="catalogue"):
        Catalog.open(url)


def test_a_database_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(Unavailable, match=r"database anime cannot be used: .*refused") as caught:
        Catalog.open("postgresql://me:secret@127.0.0.1:1/anime")
    assert "secret" not in caught.value.message


def test_a_file_that_is_no_database_and_a_folder_that_cannot_be(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("no database, but long enough to have a header" * 100)
    with pytest.raises(Unavailable, match=r"notes.txt cannot be used: file is not a database"):
        Catalog.open(f"sqlite:///{notes}")
    with pytest.raises(Unavailable, match="unable to open database file"):
        Catalog.open(f"sqlite:///{tmp_path}")
    with pytest.raises(InvalidRequest, match=r"folder .*notes.txt/more .* cannot be made: \w+"):
        Catalog.open(f"sqlite:///{notes}/more/catalog.db")


def test_a_database_that_goes_away_is_unavailable(tmp_path: Path, make: Any) -> None:
    with Catalog.open(f"sqlite:///{tmp_path / 'some' / 'catalog.db'}") as catalog:
        catalog.close()
        rmtree(tmp_path / "some")
        for ask in (catalog.count, lambda: catalog.put([make(1)], "me")):
            with pytest.raises(Unavailable, match="unable to open database file"):
                ask()


def test_postgres_urls_of_every_spelling_use_the_one_driver() -> None:
    for name in ("postgres", "postgresql", "postgresql+psycopg"):
        engine = connect(f"{name}://someone@nowhere/none")
        assert engine.dialect.driver == "psycopg"
