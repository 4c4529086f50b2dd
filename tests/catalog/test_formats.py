"""What each published layout becomes, in whichever file holds it."""

import gzip
import json
import random
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from animevec.catalog.importers import import_file
from animevec.catalog.importers.container import BUFFER, LONGEST, Container
from animevec.catalog.importers.mal import MyAnimeList, minutes, natural
from animevec.catalog.importers.offline import OfflineDatabase
from animevec.catalog.record import Anime, Kind, Rating, Season, Status
from animevec.catalog.store import Catalog
from animevec.catalog.urls import key_of, keys_of
from animevec.errors import InvalidRequest
from tests.catalog.rows import HEADER, mal_row, offline_row

Write = Callable[[Path, list[dict[str, Any]]], None]


def lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def _zstd(path: Path, content: bytes) -> None:
    with pa.output_stream(str(path), compression="zstd") as out:
        out.write(content)


def _parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    nested = {name for row in rows for name, value in row.items() if isinstance(value, dict)}
    nested |= {"relations"} & rows[0].keys()
    flat = [
        {name: json.dumps(v) if name in nested else v for name, v in row.items()} for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(flat), path)


CONTAINERS: dict[str, Write] = {
    "lines": lambda path, rows: void(path.write_bytes(lines(rows))),
    "lines without an end": lambda path, rows: void(path.write_bytes(lines(rows).rstrip())),
    "lines of Windows": lambda path, rows: void(
        path.write_bytes(b"\xef\xbb\xbf" + lines(rows).replace(b"\n", b"\r\n"))
    ),
    "gzip": lambda path, rows: void(path.write_bytes(gzip.compress(lines(rows)))),
    "zstandard": lambda path, rows: _zstd(path, lines(rows)),
    "parquet": _parquet,
    "document": lambda path, rows: void(
        path.write_text(json.dumps({**HEADER, "data": rows}, indent=2))
    ),
    "minified document": lambda path, rows: void(
        path.write_text(json.dumps({**HEADER, "data": rows}))
    ),
    "marked document": lambda path, rows: void(
        path.write_text(json.dumps({**HEADER, "data": rows}), "utf-8-sig")
    ),
    "marked document in gzip": lambda path, rows: void(
        path.write_bytes(gzip.compress(json.dumps({"data": rows}).encode("utf-8-sig")))
    ),
    "array": lambda path, rows: void(path.write_text(json.dumps(rows, indent=2))),
    "marked array": lambda path, rows: void(path.write_text(json.dumps(rows), "utf-8-sig")),
}


def void(_: object) -> None: ...


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_container_is_found_out_from_the_content(
    catalog: Catalog, tmp_path: Path, container: str
) -> None:
    file = tmp_path / "download"
    CONTAINERS[container](file, [mal_row(n) for n in range(1, 6)])
    report = import_file(catalog, file)
    assert (report.format, report.created, report.errors) == ("mal", 5, ())
    assert catalog.get(MyAnimeList().record(mal_row(3)).id) == MyAnimeList().record(mal_row(3))


@pytest.mark.parametrize(
    "container", ["lines", "gzip", "zstandard", "document", "marked document", "array"]
)
def test_the_offline_database_as_published(
    catalog: Catalog, tmp_path: Path, container: str
) -> None:
    rows = [offline_row(n) for n in (1, 2, 3)]
    file = tmp_path / "anime-offline-database"
    CONTAINERS[container](file, rows if "document" in container else [HEADER, *rows])
    report = import_file(catalog, file)
    assert (report.format, report.created, report.errors) == ("anime-offline-database", 3, ())


@pytest.mark.parametrize("indent", [None, 2], ids=["minified", "indented"])
def test_dead_entries_are_no_header_of_titles(
    catalog: Catalog, tmp_path: Path, indent: int | None
) -> None:
    file = tmp_path / "anidb.json"
    file.write_text(json.dumps({**HEADER, "deadEntries": ["1", "2"]}, indent=indent))
    with pytest.raises(InvalidRequest, match="none of the known layouts"):
        import_file(catalog, file)


def test_a_file_without_a_title_is_no_import(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "header").write_bytes(lines([HEADER]))
    (tmp_path / "empty").write_bytes(b"")
    for _ in range(2):
        with pytest.raises(InvalidRequest, match="header holds no title"):
            import_file(catalog, tmp_path / "header")
        with pytest.raises(InvalidRequest, match="empty holds no title"):
            import_file(catalog, tmp_path / "empty", "mal")


@pytest.mark.parametrize("number", ["1" * 5_000, "1" + "0" * 30, "1e999"])
def test_a_number_too_large_in_the_first_row(catalog: Catalog, tmp_path: Path, number: str) -> None:
    row = json.dumps(mal_row(1, members=-1)).replace("-1", number)
    (tmp_path / "lines").write_text(f"{row}\n{json.dumps(mal_row(2))}\n")
    report = import_file(catalog, tmp_path / "lines", "mal")
    assert [error.line for error in report.errors] == [1]
    (tmp_path / "document").write_text(f'{{"data": [{row}]}}')
    with pytest.raises(InvalidRequest, match=r"document cannot be read past row 0: .*overflow"):
        import_file(catalog, tmp_path / "document")


def test_a_document_is_told_from_lines_by_its_first_megabyte(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(4 << 20).hex().encode()
    whole = gzip.compress(b'{"mal_id": 1, "title": "' + noise + b'"}', 1)
    (tmp_path / "rows").write_bytes(whole[: len(whole) // 2])
    container = Container.open(tmp_path / "rows")
    assert container.kind == "lines"
    with pytest.raises(InvalidRequest, match="cannot be read past row 0"):
        list(container.rows())


def test_a_line_too_long_is_refused_and_the_others_imported(
    catalog: Catalog, tmp_path: Path
) -> None:
    long = json.dumps(mal_row(2)).encode()
    with (tmp_path / "rows").open("wb") as file:
        file.write(lines([mal_row(1)]))
        file.write(b" " * (LONGEST - len(long) - 1) + long + b"\n")
        file.write(b" " * (LONGEST + 3 * BUFFER) + long + b"\n")
        file.write(lines([mal_row(3)]))
    report = import_file(catalog, tmp_path / "rows")
    assert (report.created, report.rows) == (3, 4)
    assert [error.line for error in report.errors] == [3]
    assert "64 MB at most" in report.errors[0].reason


def test_own_rows_may_leave_the_id_out(catalog: Catalog, tmp_path: Path, make: Any) -> None:
    record = make(1, year=1998)
    row = json.loads(record.model_dump_json(exclude_defaults=True))
    del row["id"]
    (tmp_path / "own.jsonl").write_bytes(lines([row]))
    report = import_file(catalog, tmp_path / "own.jsonl")
    assert (report.format, catalog.get(record.id)) == ("animevec", record)


def test_an_own_row_with_half_a_surrogate_pair_is_refused(
    catalog: Catalog, tmp_path: Path, make: Any
) -> None:
    good, bad = (make(number).model_dump(mode="json") for number in (1, 2))
    bad["titles"][0]["text"] = "\ud800"
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, (bad, good))))
    report = import_file(catalog, tmp_path / "own.jsonl")
    (error,) = report.errors
    assert (report.created, error.line) == (1, 1)
    assert error.reason.startswith("row: not JSON")


def test_a_mal_row_becomes_a_record() -> None:
    record = MyAnimeList().record(mal_row(1))
    assert record.keys == {"mal": "1", "anilist": "70001", "animeplanet": "hnk-1"}
    assert (record.title, record.title_english) == ("Hoshi no Kaze 1", "Wind of Stars 1")
    assert record.title_japanese == "星の風"
    assert record.synopsis == "Two pilots & a cat.\nThey drift."
    assert (record.type, record.status) == (Kind.SPECIAL, Status.FINISHED)
    assert (record.rating, record.nsfw) == (Rating.R_PLUS, False)
    assert (record.year, record.season) == (1998, Season.SPRING)
    assert (str(record.aired_from), record.aired_to) == ("1998-04-03", None)
    assert (record.duration_minutes, record.episodes, record.score) == (90.0, 2, 8.0)
    assert [c.name for c in record.characters] == ["Aki Hoshi", "Neko"]
    assert [(r.kind, r.key) for r in record.relations] == [
        ("parent", "mal:900"),
        ("spin_off", "mal:901"),
        ("alternative", "mal:902"),
    ]
    origin = record.origin("score")
    assert origin is not None
    assert (origin.source, str(origin.fetched_at)[:10]) == ("mal", "2019-01-01")


def test_a_quoted_synopsis_says_whose_it_is() -> None:
    record = MyAnimeList().record(mal_row(1, synopsis="A cat. (Source: ANN)"))
    assert record.synopsis == "A cat."
    assert record.provenance["synopsis"].source == "mal/ANN"


def test_an_offline_row_becomes_a_record() -> None:
    record = OfflineDatabase().record(offline_row(1))
    assert isinstance(record, Anime)
    assert record.keys == {"mal": "1", "anilist": "70001", "anidb": "80001", "kitsu": "60001"}
    assert [title.text for title in record.titles] == ["Hoshi no Kaze 1", "Wind of Stars"]
    assert (record.type, record.status) == (Kind.SPECIAL, Status.AIRING)
    assert (record.episodes, record.season, record.year) == (None, None, 1998)
    assert (record.duration_minutes, record.score) == (24.5, 7.2)
    assert (record.genres, record.themes) == (("Action", "Sci-Fi"), ("Space",))
    assert (record.demographics, record.tags) == (("Seinen",), ("pilots",))
    assert [relation.key for relation in record.relations] == ["mal:900"]
    assert [picture.kind for picture in record.pictures] == ["cover", "thumbnail"]
    assert record.links == {"example.org": "https://example.org/title/1"}
    assert record.origin("title").licence == "ODbL-1.0"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("tags", "adult"),
    [
        (["hentai"], True),
        (["Erotica", "comedy"], True),
        (["18 Restricted"], True),
        (["pornography"], True),
        (["ecchi", "adult cast", "nudity"], False),
        ([], False),
    ],
)
def test_an_offline_row_is_adult_by_its_tags(tags: list[str], adult: bool) -> None:
    record = OfflineDatabase().record(offline_row(1, tags=tags))
    assert record is not None
    assert record.nsfw is adult


@pytest.mark.parametrize(
    ("rating", "genres", "adult"),
    [
        ("Rx - Hentai", [], True),
        ("R+ - Mild Nudity", ["Erotica"], False),
        (None, ["Hentai"], True),
        ("None", ["Erotica"], True),
        (None, ["Action"], False),
    ],
)
def test_a_mal_row_is_adult_by_its_rating_else_by_its_genres(
    rating: str | None, genres: list[str], adult: bool
) -> None:
    assert MyAnimeList().record(mal_row(1, rating=rating, genres=genres)).nsfw is adult


def test_an_offline_row_may_lack_what_may_be_absent() -> None:
    bare = {"sources": ["https://livechart.me/anime/9"], "title": "A", "type": "UNKNOWN"}
    season = {"season": "UNDEFINED", "year": None}
    record = OfflineDatabase().record({**bare, "animeSeason": season, "duration": None})
    assert record is not None
    assert (record.keys, record.duration_minutes, record.score) == ({"livechart": "9"}, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24 min per ep", 24.0),
        ("1 hr. 55 min.", 115.0),
        ("2 hr. per ep.", 120.0),
        ("30 sec. per ep.", 0.5),
        ("Unknown", None),
        ("", None),
    ],
)
def test_durations_are_minutes(text: str, expected: float | None) -> None:
    assert minutes(text) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Spiegel, Spike", "Spike Spiegel"), ("Neko", "Neko"), ("A, B, C", "B, C A")],
)
def test_names_are_in_spoken_order(name: str, expected: str) -> None:
    assert natural(name) == expected


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://myanimelist.net/anime/1/Cowboy_Bebop", ("mal", "1")),
        ("https://kitsu.io/anime/1", ("kitsu", "1")),
        ("https://kitsu.app/anime/1", ("kitsu", "1")),
        ("www.anime-planet.com/anime/cowboy-bebop", ("animeplanet", "cowboy-bebop")),
        ("https://animenewsnetwork.com/encyclopedia/anime.php?id=13", ("ann", "13")),
        ("https://notify.moe/anime/Tk3ccKimg", ("notify_moe", "Tk3ccKimg")),
        ("https://myanimelist.net/manga/1", None),
        ("https://evil.example/myanimelist.net/anime/1", None),
    ],
)
def test_addresses_name_their_provider(url: str, key: tuple[str, str] | None) -> None:
    assert key_of(url) == key


def test_of_two_addresses_of_a_provider_the_first_counts() -> None:
    urls = ["https://kitsu.io/anime/2", "https://kitsu.io/anime/3", "https://anilist.co/anime/1"]
    assert list(keys_of(urls).items()) == [("anilist", "1"), ("kitsu", "2")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "none of the known layouts"),
        (b"plain words\n", "none of the known layouts"),
        (b'{"a": 1}\n[1, 2]\n', "none of the known layouts"),
        (b"[1, 2]", "none of the known layouts"),
        (b"[]", "none of the known layouts"),
        (b'[{"mal_id": 1, "title": "a"}', "cannot be read past row 1"),
        (b"\x1f\x8bnot really", "cannot be read"),
        (b"PAR1 not really", "cannot be read"),
    ],
)
def test_a_file_of_nothing_known_is_refused(
    catalog: Catalog, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(InvalidRequest, match=message):
        import_file(catalog, tmp_path / "file")


def test_an_unknown_format_or_file_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="there is no file"):
        import_file(catalog, tmp_path / "none")
    with pytest.raises(InvalidRequest, match="is a folder; name a file in it"):
        import_file(catalog, tmp_path)
    (tmp_path / "file").write_bytes(lines([mal_row(1)]))
    with pytest.raises(InvalidRequest, match="no format 'csv'"):
        import_file(catalog, tmp_path / "file", "csv")


def test_every_real_row_is_imported(shared: Path, tmp_path: Path) -> None:
    layout = MyAnimeList()
    raws = list(islice(Container.open(shared / "data/catalogue/anime.jsonl.gz").rows(), 0, None, 8))
    twins = islice(Container.open(shared / "data/catalogue/anime.parquet").rows(), 0, None, 8)
    for raw, twin in zip(raws, twins, strict=True):
        assert raw.value is not None and twin.value is not None
        assert layout.record(raw.value) == layout.record(twin.value)
