"""Values of the wrong type: named and refused, never made to fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from animevec.catalog.importers import import_file
from animevec.catalog.importers.field import shown
from animevec.catalog.importers.mal import MyAnimeList
from animevec.catalog.importers.offline import OfflineDatabase
from animevec.catalog.store import Catalog
from tests.catalog.rows import mal_row, offline_row


@pytest.fixture
def reason(tmp_path: Path) -> Callable[[dict[str, Any]], str]:
    """Why a row is refused; an import of it and of a good one says so."""

    def reason(row: dict[str, Any]) -> str:
        good = mal_row(1) if "mal_id" in row else offline_row(1)
        file = tmp_path / "rows"
        file.write_text(f"{json.dumps(good)}\n{json.dumps(row)}\n")
        with Catalog.open(f"sqlite:///{tmp_path}/catalog.db") as catalog:
            report = import_file(catalog, file)
            assert (report.created, report.updated) == (1, 0)
        (error,) = report.errors
        assert error.line == 2
        return error.reason

    return reason


Reason = Callable[[dict[str, Any]], str]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"synonyms": "HnK"}, 'synonyms: must be a list of texts, not "HnK"'),
        ({"genres": "Action"}, 'genres: must be a list of texts, not "Action"'),
        ({"main_characters": "Neko"}, 'main_characters: must be a list of texts, not "Neko"'),
        ({"studios": [None]}, "studios: must be a list of texts, not [null]"),
        ({"mal_id": 1.7}, "mal_id: must be a whole number from 1 on, not 1.7"),
        ({"mal_id": True}, "mal_id: must be a whole number from 1 on, not true"),
        ({"mal_id": -5}, "mal_id: must be a whole number from 1 on, not -5"),
        ({"mal_id": 0}, "mal_id: must be a whole number from 1 on, not 0"),
        ({"mal_id": "1 "}, 'mal_id: must be a whole number from 1 on, not "1 "'),
        ({"mal_id": "٣"}, 'mal_id: must be a whole number from 1 on, not "٣"'),
        ({"mal_id": 10**18}, f"mal_id: must be a whole number from 1 on, not {10**18}"),
        ({"mal_id": None}, "mal_id: must be a whole number from 1 on, not null"),
        ({"ids": {"thetvdb": [1]}}, "ids.thetvdb: must be a whole number from 1 on, not [1]"),
        ({"ids": {"anilist": "x"}}, 'ids.anilist: must be a whole number from 1 on, not "x"'),
        ({"ids": {"kitsu": True}}, "ids.kitsu: must be a whole number from 1 on, not true"),
        ({"ids": [1]}, "ids: must be an object, not [1]"),
        ({"ids": "{"}, "ids: not JSON: Expecting property name"),
        ({"relations": [["Parent story"]]}, "relations: must be pairs of a kind and an id, not"),
        ({"relations": [[1, 2]]}, "relations: must be pairs of a kind and an id, not [1, 2]"),
        ({"relations": [["Other", "x"]]}, 'relations: must be a whole number from 1 on, not "x"'),
        ({"relations": {"Other": 1}}, 'relations: must be a list, not {"Other": 1}'),
        ({"picture_url": "javascript:alert(1)"}, "picture_url: must be an address that begins"),
        ({"trailer_url": "ftp://example.org"}, "trailer_url: must be an address that begins"),
        ({"title": ["a"]}, 'title: must be a text, not ["a"]'),
        ({"title": ""}, "field 'title' is missing"),
        ({"episodes": True}, "episodes: must be a number of at most 64 bits, not true"),
        ({"episodes": False}, "episodes: must be a number of at most 64 bits, not false"),
        ({"episodes": "2"}, 'episodes: must be a number of at most 64 bits, not "2"'),
        ({"episodes": 10**30}, f"episodes: must be a number of at most 64 bits, not {10**30}"),
        ({"members": 2**63}, f"members: must be a number of at most 64 bits, not {2**63}"),
        ({"score": [8]}, "score: must be a number of at most 64 bits, not [8]"),
        ({"aired_from": "April 1998"}, "aired_from: must be a date such as 1998-04-03, 1998-04 or"),
        ({"snapshot": "html_2019-13"}, "fetched_at: Input should be a valid datetime"),
        ({"rating": "Odd"}, "rating: Input should be 'G'"),
    ],
)
def test_a_mal_row_of_wrong_types(reason: Reason, fields: dict[str, Any], message: str) -> None:
    assert message in reason(mal_row(2, **fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"synonyms": "Wind of Stars"}, 'synonyms: must be a list of texts, not "Wind of Stars"'),
        ({"tags": "action"}, 'tags: must be a list of texts, not "action"'),
        ({"relatedAnime": "https://a"}, 'relatedAnime: must be a list of texts, not "https://a"'),
        ({"sources": {"mal": 2}}, 'sources: must be a list of texts, not {"mal": 2}'),
        ({"episodes": True}, "episodes: must be a number of at most 64 bits, not true"),
        ({"episodes": 10**30}, f"episodes: must be a number of at most 64 bits, not {10**30}"),
        ({"score": "good"}, 'score: must be an object, not "good"'),
        ({"score": {"median": "7"}}, 'score.median: must be a number of at most 64 bits, not "7"'),
        ({"animeSeason": "SPRING"}, 'animeSeason: must be an object, not "SPRING"'),
        ({"duration": 24}, "duration: must be an object, not 24"),
        ({"duration": {"value": "24"}}, "duration.value: must be a number of at most 64 bits, not"),
        (
            {"duration": {"value": 1, "unit": "HOURS"}},
            'duration.unit: must be SECONDS or MINUTES, not "HOURS"',
        ),
        ({"picture": "javascript:alert(1)"}, "picture: must be an address that begins with http"),
        ({"type": "OAV"}, "type: Input should be 'TV'"),
    ],
)
def test_an_offline_row_of_wrong_types(
    reason: Reason, fields: dict[str, Any], message: str
) -> None:
    assert message in reason(offline_row(2, **fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"members": 2**63}, f"members: Input should be less than or equal to {2**63 - 1}"),
        ({"genres": "Action"}, 'genres: Input should be a valid array, not "Action"'),
        ({"record": [1]}, "record: must be an object, not [1]"),
    ],
)
def test_a_row_of_our_own_of_wrong_types(
    catalog: Catalog, tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    row = {"keys": {"mal": "1"}, "titles": [{"text": "a"}], **fields}
    (tmp_path / "rows").write_text(json.dumps(row))
    (error,) = import_file(catalog, tmp_path / "rows").errors
    assert message in error.reason


@pytest.mark.parametrize("value", [7, "7", "007"])
def test_an_id_is_a_number_or_its_digits(value: object) -> None:
    row = mal_row(1, mal_id=value, ids={"anilist": value, "bangumi": None, "tmdb_path": "tv/7"})
    assert MyAnimeList().record(row).keys == {"mal": "7", "anilist": "7", "tmdb": "tv/7"}


def test_0_is_what_a_source_writes_for_unknown() -> None:
    unknown = dict.fromkeys(("episodes", "score", "rank", "popularity", "year"), 0)
    record = MyAnimeList().record(mal_row(1, **unknown, members=0))
    assert (record.episodes, record.score, record.rank, record.popularity) == (None,) * 4
    assert (record.members, record.year) == (0, 1998)


def test_only_web_addresses_are_links() -> None:
    sources = ["https://anidb.net/anime/1", "javascript://example.org/%0aalert(1)"]
    record = OfflineDatabase().record(offline_row(1, sources=sources))
    assert record is not None
    assert record.links == {}


def test_a_value_is_shown_only_as_far_as_it_fits() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown("x" * 1_000_000) == '"' + "x" * 59 + "..."
    assert shown(deep) == "[" * 60 + "..."
