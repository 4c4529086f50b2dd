"""Ids come from the title's own records and maps, never by chain; disputes are reported."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from animevec.errors import InvalidRequest
from flows.enrichment.identity import Identity, IdMap, identify
from flows.enrichment.stages.hearing import Heard
from flows.enrichment.types import SourceRecord
from tests.enrichment.parsing import record

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KNOWN = {"mal": "900001"}


def disputes(found: Identity) -> dict[str, tuple[Any, dict[str, Any]]]:
    return {c.field: (c.value, dict(c.others)) for c in found.conflicts}


def heard(source: str, key: str = "", **fields: Any) -> Heard:
    return Heard(SourceRecord(source=source, key=key, **fields), NOW)


def test_ids_of_every_source_come_together() -> None:
    said = [
        Heard(record(name), NOW) for name in ("jikan", "anilist", "kitsu", "anidb", "livechart")
    ]
    found = identify(said, KNOWN)
    assert found.keys == {
        "mal": "900001",
        "anilist": "800001",
        "anidb": "77",
        "kitsu": "7001",
        "ann": "3",
        "livechart": "555",
    }
    assert found.conflicts == () and len(found.trusted) == 5


def test_a_record_that_names_another_title_is_reported_and_left_out() -> None:
    other = heard("kitsu", "kitsu:9", keys={"mal": ("5",)})
    found = identify([other], KNOWN)
    assert found.trusted == () and found.keys == KNOWN
    assert disputes(found) == {"keys.mal": ("900001", {"kitsu:9": "5"})}


def test_anidb_stands_for_many_titles_and_that_is_no_conflict() -> None:
    many = heard("anidb", "anidb:1", keys={"mal": ("5", "900001", "7")})
    assert identify([many], KNOWN).keys == {"mal": "900001", "anidb": "1"}
    assert identify([many], {"anidb": "1"}).keys == {"anidb": "1"}, "one of many is no identity"


def test_an_id_sources_disagree_on_is_reported_and_not_adopted() -> None:
    said = [
        heard("jikan", "mal:900001", keys={"anidb": ("1",)}),
        heard("livechart", "livechart:2", keys={"anidb": ("3",)}),
    ]
    found = identify(said, KNOWN)
    assert "anidb" not in found.keys
    assert disputes(found) == {"keys.anidb": (None, {"mal:900001": "1", "livechart:2": "3"})}


def test_a_known_id_stands_against_a_claim() -> None:
    said = [heard("livechart", "livechart:2", keys={"anidb": ("3",)})]
    found = identify(said, KNOWN | {"anidb": "1"})
    assert found.keys["anidb"] == "1"
    assert disputes(found) == {"keys.anidb": ("1", {"livechart:2": "3"})}


PAGE = heard("kitsu", "kitsu:9", keys={"mal": ("5",), "anidb": ("3",)})


def test_a_page_an_operator_named_is_the_titles_whatever_ids_it_names() -> None:
    found = identify([PAGE], KNOWN, {"kitsu": "9"})
    assert found.trusted == (PAGE,)
    assert found.keys == {"mal": "900001", "kitsu": "9"}, "and no witness of others"
    assert found.conflicts == ()


def test_a_page_an_operator_took_away_has_no_say() -> None:
    links = heard("livechart", "livechart:2", keys={"kitsu": ("9",)})
    found = identify([PAGE, links], {**KNOWN, "kitsu": "9"}, {"kitsu": None})
    assert found.trusted == (links,)
    assert found.keys == {"mal": "900001", "livechart": "2"}
    assert found.conflicts == ()


def test_an_id_an_operator_settled_is_disputed_no_more() -> None:
    said = [heard("livechart", "livechart:2", keys={"anidb": ("3",)})]
    found = identify(said, KNOWN | {"anidb": "1"}, {"anidb": "7"}, {"anidb": "8"})
    assert found.keys["anidb"] == "7" and found.conflicts == ()


def test_an_id_map_is_one_more_voice() -> None:
    found = identify([], KNOWN | {"anidb": "1"}, mapped={"anidb": "8"})
    assert disputes(found) == {"keys.anidb": ("1", {"id_map": "8"})}


def id_map(tmp_path: Path, rows: object) -> IdMap:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(rows))
    return IdMap.load(path)


def test_an_id_map_completes_what_is_known(tmp_path: Path) -> None:
    rows = [
        {"mal_id": 1, "anilist_id": 1, "anidb_id": 23, "anime-planet_id": "cowboy-bebop"},
        {"mal_id": 5, "kitsu_id": 2, "imdb_id": "tt1", "anisearch_id": "unknown"},
    ]
    complete = id_map(tmp_path, rows).complete
    assert complete({"mal": "1"}) == (
        {"mal": "1", "anilist": "1", "anidb": "23", "animeplanet": "cowboy-bebop"},
        {},
    )
    assert complete({"mal": "5"})[0] == {"mal": "5", "kitsu": "2"}
    assert complete({"mal": "99"}) == ({"mal": "99"}, {})


def test_a_map_is_not_followed_from_entry_to_entry(tmp_path: Path) -> None:
    rows = [{"mal_id": 1, "anidb_id": 23}, {"anidb_id": 23, "kitsu_id": 7}]
    assert id_map(tmp_path, rows).complete({"mal": "1"})[0] == {"mal": "1", "anidb": "23"}


def test_an_id_in_several_entries_proves_nothing(tmp_path: Path) -> None:
    rows = [{"anidb_id": 23, "mal_id": 1}, {"anidb_id": 23, "mal_id": 2}]
    assert id_map(tmp_path, rows).complete({"anidb": "23"}) == ({"anidb": "23"}, {})


def test_a_map_that_contradicts_is_reported(tmp_path: Path) -> None:
    rows = [{"mal_id": 1, "anidb_id": 23}, {"kitsu_id": 7, "anidb_id": 24}]
    keys, conflicts = id_map(tmp_path, rows).complete({"mal": "1", "kitsu": "7"})
    assert keys == {"mal": "1", "kitsu": "7"}
    assert conflicts == {"anidb": "24"}


@pytest.mark.parametrize("text", ["", "{}", "{", "5"])
def test_what_is_no_map_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.json"
    path.write_text(text)
    with pytest.raises(InvalidRequest, match="no id map"):
        IdMap.load(path)


def test_an_id_another_title_has_is_reported_and_not_adopted() -> None:
    said = [heard("jikan", "mal:900001", keys={"anilist": ("8",)})]
    found = identify(said, KNOWN, taken={"anilist:8"})
    assert found.keys == KNOWN and len(found.trusted) == 1
    assert disputes(found) == {"keys.anilist": (None, {"mal:900001": "8"})}


def test_a_page_another_title_has_is_reported_and_left_out() -> None:
    page = heard("kitsu", "kitsu:9", keys={"mal": ("900001",)})
    found = identify([page], KNOWN, taken={"kitsu:9"})
    assert found.trusted == () and found.keys == KNOWN
    assert disputes(found) == {"keys.kitsu": (None, {"kitsu:9": "9"})}
    assert identify([page], {**KNOWN, "kitsu": "9"}, taken={"kitsu:9"}).trusted
