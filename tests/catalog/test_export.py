"""Exported files, which importing gives back as they were."""

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from animevec.catalog.export import export_file
from animevec.catalog.ids import anime_id
from animevec.catalog.importers import import_file
from animevec.catalog.record import Anime, Episode, Picture, Provenance, Statistics, Title
from animevec.catalog.store import Catalog
from animevec.catalog.transaction import encode
from animevec.errors import InvalidRequest

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip())
)
labels = st.lists(words, max_size=3, unique=True).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)
# ISO 8601 writes an offset in minutes; local mean times of the 19th century have seconds
zones = st.integers(-720, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=zones)
maybe_moment = st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1)) | moments

KINDS = ["main", "official", "synonym", "short"]
titles = st.builds(Title, text=words, language=words, kind=st.sampled_from(KINDS))
pictures = st.builds(
    Picture, url=words, sha256=st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex)
)
episodes = st.builds(Episode, number=st.integers(0, 9_999), title=words, aired=maybe_moment)
statistics = st.builds(Statistics, score=st.none() | st.floats(-100, 100))
origins = st.builds(
    Provenance, source=words, alternatives=st.dictionaries(words, json_values, max_size=2)
)


@st.composite
def records(draw: st.DrawFn) -> Anime:
    keys = {"mal": str(draw(st.integers(1, 10**9)))}
    fields = {
        "titles": draw(st.lists(titles, min_size=1, max_size=3)),
        "synopsis": draw(st.none() | words),
        "genres": draw(labels),
        "aired_from": draw(st.none() | st.dates(date(1900, 1, 1))),
        "year": draw(st.none() | st.integers(1900, 2100)),
        "score": draw(st.none() | st.floats(1, 10)),
        "duration_minutes": draw(st.none() | st.floats(0.01, 1_000)),
        "nsfw": draw(st.booleans()),
        "pictures": draw(st.lists(pictures, max_size=2)),
        "episode_list": draw(st.lists(episodes, max_size=2)),
        "statistics": draw(st.dictionaries(words, statistics, max_size=2)),
        "provenance": draw(st.dictionaries(words, origins, max_size=2)),
    }
    return Anime.model_validate({"id": anime_id(keys), "keys": keys, **fields})


@given(record=records())
def test_what_is_stored_is_what_was_said(record: Anime) -> None:
    again = Anime.model_validate_json(encode(record))
    assert again == record
    assert encode(again) == encode(record)


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.parquet"])
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(records(), min_size=1, max_size=4, unique_by=lambda record: record.id))
def test_export_and_import_give_the_same_catalogue(name: str, rows: list[Anime]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
        with Catalog.open(f"sqlite:///{folder}/one.db") as one:
            one.put(rows, "me")
            assert export_file(one, file) == len(rows)
        with Catalog.open(f"sqlite:///{folder}/two.db") as two:
            report = import_file(two, file, "animevec")
            assert report.errors == ()
            assert list(two.iterate()) == sorted(rows, key=lambda record: record.id)


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz", "out.parquet"])
def test_equal_catalogues_give_equal_files(
    catalog: Catalog, tmp_path: Path, make: Any, name: str
) -> None:
    catalog.put([make(n) for n in range(1, 1_202)], "me")
    assert export_file(catalog, tmp_path / "a" / name) == 1_201
    assert export_file(catalog, tmp_path / "b" / name) == 1_201
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == [name]


def test_parquet_can_be_looked_at(catalog: Catalog, tmp_path: Path, make: Any) -> None:
    catalog.put([make(1, year=1998, genres=("Action",))], "me")
    export_file(catalog, tmp_path / "out.parquet")
    (row,) = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert (row["title"], row["year"], row["genres"]) == ("Title 1", 1998, ["Action"])
    assert UUID(row["id"]) == make(1).id


def test_a_place_that_cannot_be_written_is_refused_and_left_as_it_was(
    catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "out.jsonl").mkdir()
    (tmp_path / "file").write_text("kept")
    for place in (tmp_path / "out.jsonl", tmp_path / "file" / "out.jsonl"):
        with pytest.raises(InvalidRequest, match=r"out.jsonl cannot be written: \w+"):
            export_file(catalog, place)
    assert {path.name for path in tmp_path.iterdir()} - {"catalog.db"} >= {"out.jsonl", "file"}
    assert not list(tmp_path.glob(".out*"))


def test_a_name_of_no_format_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="names no format"):
        export_file(catalog, tmp_path / "out.csv")
    assert list(tmp_path.glob("out*")) == []
