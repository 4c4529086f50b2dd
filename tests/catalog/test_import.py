"""Imports that are stopped, repeated, raced and given bad rows."""

import gzip
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from animevec.catalog.importers import RowError, import_file
from animevec.catalog.importers.mal import MyAnimeList
from animevec.catalog.importers.merge import onto
from animevec.catalog.importers.offline import OfflineDatabase
from animevec.catalog.record import Anime
from animevec.catalog.sample import load_sample
from animevec.catalog.store import Catalog
from animevec.errors import InvalidRequest
from tests.catalog.rows import mal_row, offline_row, write


def test_bad_rows_are_reported_by_line_and_the_others_imported(
    catalog: Catalog, tmp_path: Path
) -> None:
    good = [json.dumps(mal_row(n)).encode() for n in (1, 2, 3)]
    bad = [
        b'{"mal_id": 4, "title"',
        b"[1, 2]",
        b'{"mal_id": 5}',
        json.dumps(mal_row(6, score=11, episodes=-1)).encode(),
        json.dumps(mal_row(7, type="Painting")).encode(),
        b'{"title": "\xff"}',
        json.dumps(mal_row(8, relations=[["Enemy", 1]])).encode(),
        json.dumps(mal_row(9, aired_from="1998-13-45")).encode(),
        b'{"mal_id": 1' + b"0" * 5_000 + b', "title": "a"}',
        b'{"mal_id": 1e999, "title": "a"}',
        b"[" * 100_000,
        json.dumps(mal_row(10, title="\ud800", type="\x00")).encode(),
    ]
    file = tmp_path / "rows"
    file.write_bytes(b"\n".join([good[0], *bad, b"", good[1], b"   ", good[2]]))
    report = import_file(catalog, file)
    assert report.created == catalog.count() == 3
    reasons = {error.line: error.reason for error in report.errors}
    assert list(reasons) == list(range(2, 14))
    assert reasons[2].startswith("not JSON")
    assert reasons[3] == "a row must be a JSON object, not [1, 2]"
    assert "'title' is missing" in reasons[4]
    assert "score: Input should be less than or equal to 10" in reasons[5]
    assert "episodes: Input should be greater than or equal to 1, not -1" in reasons[5]
    assert "type: Input should be 'TV'" in reasons[6] and 'not "PAINTING"' in reasons[6]
    assert reasons[7].startswith("not JSON")
    assert "relations.0.kind" in reasons[8]


def test_importing_twice_does_nothing_the_second_time(catalog: Catalog, tmp_path: Path) -> None:
    file = write(tmp_path / "rows", [mal_row(1), {"mal_id": 2}, mal_row(3)])
    first = import_file(catalog, file)
    again = import_file(catalog, file)
    assert (first.already, again.already) == (False, True)
    assert again.errors == first.errors == (RowError(2, "field 'title' is missing"),)
    assert catalog.revision() == 2


def test_importing_again_by_force_changes_nothing_that_is_the_same(
    catalog: Catalog, tmp_path: Path
) -> None:
    file = write(tmp_path / "rows", [mal_row(1), {"mal_id": 2}, mal_row(3)])
    import_file(catalog, file)
    catalog.delete([catalog.resolve("mal:3")], "me", "mistake")  # type: ignore[list-item]
    report = import_file(catalog, file, again=True)
    assert (report.left_out, report.unchanged, len(report.errors)) == (1, 1, 1)


def test_what_was_deleted_stays_deleted_in_the_next_dump(catalog: Catalog, tmp_path: Path) -> None:
    early = offline_row(1, sources=["https://anilist.co/anime/70001"])
    import_file(catalog, write(tmp_path / "early", [early]))
    import_file(catalog, write(tmp_path / "mal", [mal_row(1), mal_row(2)]))
    id = catalog.resolve("mal:1")
    assert id is not None
    catalog.delete([id], "me", "licence withdrawn")
    own_key = [offline_row(1, sources=["https://myanimelist.net/anime/1"]), early]
    other = offline_row(3, sources=["https://myanimelist.net/anime/9", early["sources"][0]])
    report = import_file(catalog, write(tmp_path / "next", [*own_key, other]))
    assert (report.created, report.left_out, report.errors) == (1, 2, ())
    assert (catalog.get(id), catalog.deleted("mal:1")) == (None, id)
    report = import_file(catalog, write(tmp_path / "next", own_key[:1]), revive=True)
    assert (report.created, report.left_out, catalog.resolve("mal:1")) == (1, 0, id)
    assert (catalog.deleted("mal:1"), catalog.count()) == (None, 3)


def test_an_own_row_brings_a_deleted_title_back_under_its_id(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    record = make(1, keys={"mal": "1", "anilist": "10"})
    catalog.put([record], "me")
    catalog.delete([record.id], "me", "mistake")
    row = {"keys": {"anilist": "10"}, "titles": [{"text": "Again"}]}
    assert import_file(catalog, write(tmp_path / "own", [row])).created == 1
    assert catalog.resolve("anilist:10") == record.id


def test_an_own_row_without_an_id_is_the_title_that_has_its_keys(
    catalog: Catalog, tmp_path: Path
) -> None:
    titles = [{"text": "One"}]
    first = {"keys": {"anilist": "77"}, "titles": titles}
    import_file(catalog, write(tmp_path / "early", [first]))
    id = catalog.resolve("anilist:77")
    later = {"keys": {"mal": "1000077", "anilist": "77"}, "titles": titles, "year": 1998}
    report = import_file(catalog, write(tmp_path / "later", [first | {"year": 1990}, later]))
    assert (report.updated, catalog.count()) == (1, 1)
    assert catalog.resolve("mal:1000077") == catalog.resolve("anilist:77") == id
    assert catalog.get(id).year == 1998  # type: ignore[arg-type,union-attr]


def test_a_key_of_one_title_is_refused_under_another_id(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    rows = [
        {"id": str(UUID(int=number)), "keys": keys, "titles": [{"text": "One"}]}
        for number, keys in ((1, {"mal": "5"}), (2, {"mal": "5"}), (3, {"mal": "6", "anidb": "1"}))
    ]
    report = import_file(catalog, write(tmp_path / "rows", rows))
    reason = f"title {UUID(int=1)} has the key mal:5 already; a title has one id"
    assert (report.created, report.errors) == (2, (RowError(2, reason),))
    assert catalog.resolve("mal:5") == UUID(int=1)


def test_a_damaged_file_keeps_what_came_before_the_damage(catalog: Catalog, tmp_path: Path) -> None:
    whole = gzip.compress("".join(json.dumps(mal_row(n)) + "\n" for n in range(1, 4_001)).encode())
    file = tmp_path / "rows"
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidRequest, match=r"rows cannot be read past row \d+"):
        import_file(catalog, file)
    assert 0 < catalog.count() < 4_000
    file.write_bytes(whole)
    report = import_file(catalog, file)
    assert (catalog.count(), report.created + report.unchanged) == (4_000, 4_000)


def test_progress_reaches_the_end(catalog: Catalog, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    file = write(tmp_path / "rows", [mal_row(n) for n in range(1, 701)])
    import_file(catalog, file, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, None), (500, None), (700, None)]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
LAYOUTS = {
    "mal": mal_row(1),
    "anime-offline-database": offline_row(1),
    "animevec": {"keys": {"mal": "1"}, "titles": [{"text": "a"}], "episode_list": []},
}


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_no_row_can_stop_an_import_or_bring_what_it_does_not_say(
    name: str, data: st.DataObject
) -> None:
    row = LAYOUTS[name]
    fields = st.sampled_from(sorted(row)) | st.text(max_size=5)
    changes = st.dictionaries(fields, anything | st.sampled_from(list(row.values())))
    rows = [row | change for change in data.draw(st.lists(changes, min_size=1, max_size=20))]
    with TemporaryDirectory() as folder:
        file = write(Path(folder) / "rows", rows)
        with Catalog.open(f"sqlite:///{folder}/catalog.db") as catalog:
            report = import_file(catalog, file, name)
            records = list(catalog.iterate())
    assert report.rows == len(rows)
    assert bool(records) == (len(report.errors) < len(rows))
    assert not [error for error in report.errors if error.reason.startswith("not a row of")]
    said = set(_leaves(rows))
    for record in records:
        assert set(_taken(record)) <= said


def _leaves(value: Any) -> Iterator[str | float]:
    """Texts and numbers of rows, whole."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif isinstance(value, str):
        yield value.strip()
    elif value is not None and not isinstance(value, bool):
        yield value


def _taken(record: Anime) -> Iterator[str | float]:
    """Texts and numbers that a record has from its row as they are there."""
    for names in (record.studios, record.producers, record.licensors, record.tags):
        yield from (name.strip() for name in names)
    yield from (title.text.strip() for title in record.titles)
    counts = record.members, record.scored_by, record.favorites, record.popularity
    yield from (count for count in (*counts, record.rank, record.episodes) if count is not None)


SCRIPT = """
import sys
from pathlib import Path
from animevec.catalog.importers import import_file
from animevec.catalog.store import Catalog
import_file(Catalog.open(sys.argv[1]), Path(sys.argv[2]), progress=lambda *_: print(flush=True))
"""


@pytest.mark.parametrize("batches", [1, 3])
def test_a_killed_import_goes_on_where_it_stopped(url: str, tmp_path: Path, batches: int) -> None:
    rows = [mal_row(n) for n in range(1, 3_001)]
    file = write(tmp_path / "rows", [*rows[:10], {"mal_id": 9}, *rows[10:]])
    command = [sys.executable, "-c", SCRIPT, url, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(1 + batches):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    with Catalog.open(url) as catalog:
        kept = catalog.count()
        assert 500 * batches - 1 <= kept < 3_000
        report = import_file(catalog, file)
        assert report.resumed_at == kept + 1
        assert (report.created, report.updated, report.unchanged) == (3_000, 0, 0)
        assert report.errors == (RowError(11, "field 'title' is missing"),)
        assert (catalog.count(), catalog.revision()) == (3_000, 3_000)
        assert [change.revision for change in catalog.changes(2_990)] == list(range(2_991, 3_001))


def _import(url: str, file: Path, barrier: Any) -> None:
    with Catalog.open(url) as catalog:
        barrier.wait()
        import_file(catalog, file)


@pytest.mark.parametrize("same", [True, False], ids=["same file", "overlapping files"])
def test_two_importers_at_once_both_succeed(url: str, tmp_path: Path, same: bool) -> None:
    one = write(tmp_path / "one", [mal_row(n) for n in range(1, 1_501)])
    two = write(tmp_path / "two", [mal_row(n) for n in range(2_000, 500, -1)])
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    racers = [
        spawn.Process(target=_import, args=(url, file, barrier))
        for file in (one, one if same else two)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(120)
    assert [racer.exitcode for racer in racers] == [0, 0]
    with Catalog.open(url) as catalog:
        expected = 1_500 if same else 2_000
        assert (catalog.count(), catalog.revision()) == (expected, expected)
        assert import_file(catalog, one).already


def test_an_importer_waits_for_a_writer(url: str, tmp_path: Path, make: Any) -> None:
    file = write(tmp_path / "rows", [mal_row(1)])
    with Catalog.open(url) as catalog:
        command = [sys.executable, "-c", SCRIPT, url, str(file)]
        with catalog.writing() as transaction:
            transaction.put([make(2)], "me")
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            time.sleep(2)
            assert process.poll() is None
        assert process.wait(60) == 0
        assert catalog.count() == 2


def test_a_second_source_brings_only_what_is_missing(catalog: Catalog, tmp_path: Path) -> None:
    import_file(catalog, write(tmp_path / "mal", [mal_row(1, score=None)]))
    before = catalog.get(catalog.resolve("mal:1"))  # type: ignore[arg-type]
    import_file(catalog, write(tmp_path / "offline", [offline_row(1)]))
    after = catalog.get(catalog.resolve("mal:1"))  # type: ignore[arg-type]
    assert before is not None and after is not None
    assert (after.synopsis, after.duration_minutes) == (before.synopsis, 90.0)
    assert (after.score, after.origin("score").source) == (7.2, "anime-offline-database")  # type: ignore[union-attr]
    assert after.origin("synopsis").source == "mal"  # type: ignore[union-attr]
    assert after.keys == before.keys | {"anidb": "80001", "kitsu": "60001"}
    assert [title.text for title in after.titles][-1] == "Wind of Stars"
    revision = catalog.revision()
    import_file(catalog, tmp_path / "offline", again=True)
    import_file(catalog, tmp_path / "mal", again=True)
    assert catalog.revision() == revision


def test_a_source_may_correct_itself_and_no_other(catalog: Catalog, tmp_path: Path) -> None:
    import_file(catalog, write(tmp_path / "mal", [mal_row(1)]))
    import_file(catalog, write(tmp_path / "offline", [offline_row(1, score={"arithmeticMean": 2})]))
    import_file(catalog, write(tmp_path / "newer", [mal_row(1, score=9, members=1_000)]))
    record = catalog.get(catalog.resolve("mal:1"))  # type: ignore[arg-type]
    assert record is not None
    assert (record.score, record.members) == (9.0, 1_000)
    assert record.tags == ("pilots",)


def test_facts_of_the_sample_give_way_to_any_source_and_its_synopses_do_not(make: Any) -> None:
    sample = next(title for title in load_sample() if title.keys["mal"] == "1")
    row = mal_row(1, score=8.1, members=7, ids={"mal": 1}, genres=list(sample.genres))
    after = onto(sample, MyAnimeList().record(row))
    assert (after.score, after.members, after.episodes) == (8.1, 7, 2)
    assert (after.synopsis, after.tags, after.id) == (sample.synopsis, sample.tags, sample.id)
    sources = {name: after.origin(name).source for name in ("score", "synopsis", "tags", "genres")}  # type: ignore[union-attr]
    assert sources == {"score": "mal", "synopsis": "animevec", "tags": "animevec"} | {
        "genres": "animevec"
    }
    third = OfflineDatabase().record(offline_row(1))
    assert third is not None and onto(after, third).score == 8.1, "mal answers for it now"
    unknown = make(1, score=2.0, synopsis="Mine.")
    assert onto(unknown, MyAnimeList().record(row)).score == 8.1


def test_facts_of_the_sample_are_not_made_vaguer() -> None:
    sample = next(title for title in load_sample() if title.relations)
    studios = [name.lower() for name in sample.studios]
    new = OfflineDatabase().record(offline_row(1, studios=studios, score={"arithmeticMean": 5.5}))
    assert new is not None
    after = onto(sample, new)
    assert (after.studios, after.relations) == (sample.studios, sample.relations)
    assert after.score == 5.5


def test_a_title_keeps_its_id_when_a_better_key_is_learned(
    catalog: Catalog, tmp_path: Path
) -> None:
    row = offline_row(1, sources=["https://anilist.co/anime/70001"])
    import_file(catalog, write(tmp_path / "early", [row]))
    id = catalog.resolve("anilist:70001")
    import_file(catalog, write(tmp_path / "later", [mal_row(1)]))
    assert (catalog.count(), catalog.resolve("mal:1")) == (1, id)


@pytest.mark.parametrize(
    "sources",
    [
        ["https://myanimelist.net/anime/2", "https://anilist.co/anime/70001"],
        ["https://anidb.net/anime/80001"],
    ],
    ids=["a contradiction", "an AniDB id alone"],
)
def test_titles_are_not_confused(catalog: Catalog, tmp_path: Path, sources: list[str]) -> None:
    rows = [offline_row(1), offline_row(2, sources=sources)]
    import_file(catalog, write(tmp_path / "rows", rows))
    assert catalog.count() == 2


def test_rows_of_one_title_in_one_file_are_merged(catalog: Catalog, tmp_path: Path) -> None:
    rows = [
        offline_row(1, sources=["https://anilist.co/anime/70001"]),
        offline_row(1, sources=["https://anilist.co/anime/70001", "https://kitsu.io/anime/3"]),
    ]
    report = import_file(catalog, write(tmp_path / "rows", rows))
    assert (report.created, catalog.count()) == (1, 1)
    assert catalog.resolve("kitsu:3") == catalog.resolve("anilist:70001")


def test_merging_twice_is_merging_once(make: Any) -> None:
    new = OfflineDatabase().record(offline_row(1))
    assert new is not None
    for old in (make(1), make(1, year=1950, provenance={"year": {"source": "mal"}})):
        assert onto(onto(old, new), new) == onto(old, new)
