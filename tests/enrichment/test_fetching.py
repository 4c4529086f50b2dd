"""Each source asks as little as it can, and gives one typed outcome for every title."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from animevec.settings import EnrichmentSettings, Settings
from flows.enrichment.http import Client
from flows.enrichment.sources import open_sources
from flows.enrichment.types import OutcomeKind, Source, Stage, Wanted
from tests.enrichment import answers
from tests.enrichment.server import Answer, Asked, Reaction, Server, serving

TITLE = Wanted(keys={"mal": "900001"})
SECRETS: dict[str, Any] = {"anidb_client": "tester", "animeschedule_token": "token"}


@asynccontextmanager
async def opened(
    name: str, react: Reaction, home: Path, **settings: Any
) -> AsyncIterator[tuple[Source, Server]]:
    with serving(react) as server:
        section = EnrichmentSettings(
            base_urls={name: server.url},
            stand_in_rate=100,
            attempts=1,
            **{**SECRETS, **settings},
        )
        chosen = Settings(home=home, enrichment=section)
        async with Client(chosen) as client:
            yield open_sources(client, chosen, [name])[name], server


def jikan(asked: Asked) -> Answer:
    lists = {
        "full": answers.JIKAN,
        "characters": answers.JIKAN_CHARACTERS,
        "staff": answers.JIKAN_STAFF,
    }
    last = asked.path.rpartition("/")[2]
    if last == "episodes":
        more = asked.query.get("page") != ["2"]
        return Answer.json(answers.JIKAN_EPISODES | {"pagination": {"has_next_page": more}})
    return Answer.json(lists[last]) if "900001" in asked.path else Answer(status=404)


async def test_jikan_asks_once_for_each_part_and_for_every_page(tmp_path: Path) -> None:
    async with opened("jikan", jikan, tmp_path) as (source, _):
        found, missing = await source.fetch([TITLE, Wanted(keys={"mal": "5"})])
    assert found.kind is OutcomeKind.FOUND and found.record and found.record.characters
    assert (found.requests, missing.kind) == (5, OutcomeKind.NOT_FOUND)


async def test_jikan_asks_for_no_more_than_the_stages(tmp_path: Path) -> None:
    wanted = TITLE.model_copy(update={"stages": frozenset({Stage.METADATA})})
    async with opened("jikan", jikan, tmp_path) as (source, server):
        (found,) = await source.fetch([wanted])
    assert [asked.path for asked in server.asked] == ["/anime/900001/full"]
    assert found.kind is OutcomeKind.FOUND


async def test_a_part_that_fails_does_not_lose_the_title(tmp_path: Path) -> None:
    def react(asked: Asked) -> Answer:
        return Answer(status=500) if asked.path.endswith("/characters") else jikan(asked)

    async with opened("jikan", react, tmp_path) as (source, _):
        (found,) = await source.fetch([TITLE])
    assert found.kind is OutcomeKind.FOUND
    assert found.part(Stage.CHARACTERS) is OutcomeKind.UNREACHABLE
    assert found.part(Stage.STAFF) is OutcomeKind.FOUND


async def test_anilist_asks_once_for_fifty(tmp_path: Path) -> None:
    def react(asked: Asked) -> Answer:
        ids = json.loads(asked.body)["variables"]["malIds"]
        media = [answers.ANILIST_MEDIA | {"id": id + 1, "idMal": id} for id in ids if id != 13]
        return Answer.json({"data": {"Page": {"media": media}}})

    wanted = [Wanted(keys={"mal": str(id)}) for id in range(1, 51)]
    async with opened("anilist", react, tmp_path) as (source, server):
        outcomes = await source.fetch(wanted)
    assert len(server.asked) == 1 and sum(outcome.requests for outcome in outcomes) == 1
    kinds = {outcome.key: outcome.kind for outcome in outcomes}
    assert kinds["mal:13"] is OutcomeKind.NOT_FOUND
    assert sum(kind is OutcomeKind.FOUND for kind in kinds.values()) == 49


def crowd(first: int, last: int, more: bool) -> dict[str, Any]:
    people = [
        {"role": "MAIN", "node": {"id": number, "name": {"full": f"Person {number}"}}}
        for number in range(first, last)
    ]
    return {"edges": people, "pageInfo": {"hasNextPage": more}}


def crowded(asked: Asked) -> Answer:
    """Title 1 has 30 characters, title 2 one; the staff of both fits a page."""
    variables = json.loads(asked.body)["variables"]
    page, ids = variables["page"], variables.get("ids") or variables["malIds"]
    media = [
        {
            **(answers.ANILIST_MEDIA if page == 1 else {}),
            "id": id,
            "idMal": id,
            "characters": crowd(25, 30, False)
            if page == 2
            else crowd(0, 25 if id == 1 else 1, id == 1),
            "staff": crowd(0, 2 if page == 1 else 0, False),
        }
        for id in ids
    ]
    return Answer.json({"data": {"Page": {"media": media}}})


TWO = [Wanted(keys={"anilist": "1"}), Wanted(keys={"anilist": "2"})]


async def test_anilists_further_people_are_asked_for_the_whole_batch(tmp_path: Path) -> None:
    async with opened("anilist", crowded, tmp_path) as (source, server):
        many, one = await source.fetch(TWO)
    assert many.record and one.record
    assert (len(many.record.characters), len(one.record.characters)) == (30, 1)
    assert len(many.record.staff) == 2
    assert [json.loads(asked.body)["variables"] for asked in server.asked] == [
        {"ids": [1, 2], "page": 1, "perPage": 50},
        {"ids": [1], "page": 2, "perPage": 50},
    ]


async def test_half_a_list_of_people_is_none(tmp_path: Path) -> None:
    def react(asked: Asked) -> Answer:
        first = json.loads(asked.body)["variables"]["page"] == 1
        return crowded(asked) if first else Answer(status=500)

    async with opened("anilist", react, tmp_path) as (source, _):
        many, one = await source.fetch(TWO)
    assert many.kind is OutcomeKind.FOUND and many.record and many.record.characters == ()
    assert many.part(Stage.CHARACTERS) is many.part(Stage.STAFF) is OutcomeKind.UNREACHABLE
    assert one.record and len(one.record.characters) == 1 and one.parts == {}


async def test_anilists_people_are_left_alone_where_nobody_asks(tmp_path: Path) -> None:
    wanted = TWO[0].model_copy(update={"stages": frozenset({Stage.METADATA})})
    async with opened("anilist", crowded, tmp_path) as (source, server):
        await source.fetch([wanted])
    assert len(server.asked) == 1


async def test_a_poisoned_title_of_a_batch_hurts_no_other(tmp_path: Path) -> None:
    poisoned = {"id": 2, "idMal": 2, "title": {"romaji": 5}}
    media = [answers.ANILIST_MEDIA | {"id": 1, "idMal": 1}, poisoned]

    def react(_: Asked) -> Answer:
        return Answer.json({"data": {"Page": {"media": media}}})

    wanted = [Wanted(keys={"mal": "1"}), Wanted(keys={"mal": "2"})]
    async with opened("anilist", react, tmp_path) as (source, _):
        kinds = [outcome.kind for outcome in await source.fetch(wanted)]
    assert kinds == [OutcomeKind.FOUND, OutcomeKind.MALFORMED]


async def test_kitsu_maps_and_asks_twenty_at_once(tmp_path: Path) -> None:
    def react(asked: Asked) -> Answer:
        if asked.path == "/anime":
            return Answer.json(answers.KITSU)
        mapping = {
            "id": "1",
            "type": "mappings",
            "attributes": {"externalSite": "myanimelist/anime", "externalId": "900001"},
            "relationships": {"item": {"data": {"type": "anime", "id": "7001"}}},
        }
        return Answer.json({"data": [mapping]})

    async with opened("kitsu", react, tmp_path) as (source, server):
        found, missing = await source.fetch([TITLE, Wanted(keys={"mal": "5"})])
    assert (found.kind, found.key) == (OutcomeKind.FOUND, "kitsu:7001")
    assert (missing.kind, missing.key) == (OutcomeKind.NOT_FOUND, "mal:5")
    assert [asked.path for asked in server.asked] == ["/mappings", "/anime"]


async def test_anidb_names_its_registered_client_with_a_whole_version(tmp_path: Path) -> None:
    async with opened("anidb", lambda _: Answer(answers.ANIDB), tmp_path) as (source, server):
        (found,) = await source.fetch([Wanted(keys={"anidb": "77"})])
    assert found.kind is OutcomeKind.FOUND
    assert server.asked[0].query == {
        "request": ["anime"],
        "aid": ["77"],
        "client": ["tester"],
        "clientver": ["1"],
        "protover": ["1"],
    }


@pytest.mark.parametrize(
    ("name", "secret", "keys"),
    [
        ("anidb", "anidb_client", {"anidb": "77"}),
        ("animeschedule", "animeschedule_token", {"mal": "900001"}),
    ],
)
async def test_without_credentials_a_source_is_refused_and_not_asked(
    tmp_path: Path, name: str, secret: str, keys: dict[str, str]
) -> None:
    def react(_: Asked) -> Answer:
        return Answer(status=500)

    async with opened(name, react, tmp_path, **{secret: ""}) as (source, server):
        (outcome,) = await source.fetch([Wanted(keys=keys)])
    assert outcome.kind is OutcomeKind.REFUSED and "ANIMEVEC_ENRICHMENT__" in (outcome.detail or "")
    assert server.asked == []


async def test_animeschedule_is_matched_by_its_links_alone(tmp_path: Path) -> None:
    def react(_: Asked) -> Answer:
        return Answer.json(answers.ANIMESCHEDULE)

    async with opened("animeschedule", react, tmp_path) as (source, server):
        found, other = await source.fetch([TITLE, Wanted(keys={"mal": "5"})])
    assert (found.kind, found.key) == (OutcomeKind.FOUND, "animeschedule:tsuki-no-hashi")
    assert other.kind is OutcomeKind.NOT_FOUND
    assert server.asked[0].headers["authorization"] == "Bearer token"


def scheduled(id: str) -> dict[str, Any]:
    """A title of AnimeSchedule that links to an id of MyAnimeList."""
    title: dict[str, Any] = answers.ANIMESCHEDULE["anime"][0]
    return title | {"route": f"title-{id}", "websites": {"mal": f"myanimelist.net/anime/{id}"}}


FOUR = [Wanted(keys={"mal": id}) for id in ("1", "2", "3", "4")]


async def test_animeschedule_is_asked_for_several_titles_at_once(tmp_path: Path) -> None:
    def react(asked: Asked) -> Answer:
        known = [scheduled(id) for id in asked.query["mal-ids"] if id in {"1", "3"}]
        return Answer.json({"anime": [*known, {"route": "title-4"}]})

    async with opened("animeschedule", react, tmp_path) as (source, server):
        kinds = [outcome.kind for outcome in await source.fetch(FOUR)]
    found, malformed = OutcomeKind.FOUND, OutcomeKind.MALFORMED
    assert kinds == [found, malformed, found, malformed], "an unread one may be any of the rest"
    assert len(server.asked) == 1


async def test_a_filter_that_heeds_one_id_only_proves_nothing_of_the_others(
    tmp_path: Path,
) -> None:
    def react(asked: Asked) -> Answer:
        return Answer.json({"anime": [scheduled(id) for id in asked.query["mal-ids"][:1]]})

    async with opened("animeschedule", react, tmp_path) as (source, server):
        outcomes = await source.fetch(FOUR)
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.FOUND}
    assert len(server.asked) == sum(outcome.requests for outcome in outcomes) == 4


async def test_an_answer_about_another_title_is_not_taken(tmp_path: Path) -> None:
    async with opened("anidb", lambda _: Answer(answers.ANIDB), tmp_path) as (source, _):
        (outcome,) = await source.fetch([Wanted(keys={"anidb": "5"})])
    assert (outcome.kind, outcome.record) == (OutcomeKind.NOT_FOUND, None)
    assert "anidb:77" in (outcome.detail or "")


async def test_animeplanet_reads_the_operators_pages_unless_told_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "pages" / "animeplanet"
    folder.mkdir(parents=True)
    (folder / "bridge-of-the-moon.html").write_bytes(answers.ANIMEPLANET)
    wanted = [
        Wanted(keys={"animeplanet": "bridge-of-the-moon"}),
        Wanted(keys={"animeplanet": "absent"}),
        Wanted(keys={"animeplanet": "../../etc/passwd"}),
    ]
    async with opened("animeplanet", lambda _: Answer(), tmp_path) as (source, server):
        kinds = [outcome.kind for outcome in await source.fetch(wanted)]
    assert kinds == [OutcomeKind.FOUND, OutcomeKind.NOT_FOUND, OutcomeKind.NOT_FOUND]
    assert server.asked == []


async def test_animeplanet_is_fetched_politely_when_opted_in(tmp_path: Path) -> None:
    def react(asked: Asked) -> Answer:
        return Answer(status=404) if asked.path == "/robots.txt" else Answer(answers.ANIMEPLANET)

    wanted = [Wanted(keys={"animeplanet": "bridge-of-the-moon"})]
    async with opened("animeplanet", react, tmp_path, animeplanet="polite") as (source, server):
        (outcome,) = await source.fetch(wanted)
    assert outcome.kind is OutcomeKind.FOUND
    assert [asked.path for asked in server.asked] == ["/robots.txt", "/anime/bridge-of-the-moon"]


@pytest.mark.skipif(find_spec("curl_cffi") is not None, reason="the optional client is installed")
async def test_the_browsers_client_is_a_third_choice_that_names_what_it_needs(
    tmp_path: Path,
) -> None:
    def react(_: Asked) -> Answer:
        return Answer(status=404)

    wanted = [Wanted(keys={"animeplanet": "bridge-of-the-moon"})]
    async with opened("animeplanet", react, tmp_path, animeplanet="browser") as (source, server):
        (outcome,) = await source.fetch(wanted)
    assert outcome.kind is OutcomeKind.REFUSED and "curl_cffi" in (outcome.detail or "")
    assert [asked.path for asked in server.asked] == ["/robots.txt"]
