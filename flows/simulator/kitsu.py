"""Invented answers of Kitsu's JSON:API."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flows.simulator.world import Work, World

OTHER_TITLE = 400_000


def titles(world: World, ids: Sequence[str]) -> dict[str, Any]:
    """``/anime?filter[id]=``, with everything included."""
    found = [work for id in ids if (work := world.find("kitsu", "kitsu", id))]
    included = [item for work in found for item in _included(work)]
    return {"data": [_title(work) for work in found], "included": included}


def mappings(world: World, mal_ids: Sequence[str]) -> dict[str, Any]:
    """``/mappings?filter[externalSite]=myanimelist/anime``."""
    found = [work for id in mal_ids if (work := world.find("kitsu", "mal", id))]
    return {
        "data": [
            {
                "id": f"m{work.number}",
                "type": "mappings",
                "attributes": {
                    "externalSite": "myanimelist/anime",
                    "externalId": work.id("mal"),
                },
                "relationships": {"item": {"data": {"type": "anime", "id": work.id("kitsu")}}},
            }
            for work in found
        ]
    }


def _title(work: Work) -> dict[str, Any]:
    # Kitsu counts the days of some titles in UTC, and some lengths with the advertisements.
    start = work.start - timedelta(days=1 if work.off("kitsu start", 6) else 0)
    return {
        "id": work.id("kitsu"),
        "type": "anime",
        "attributes": {
            "slug": work.slug,
            "updatedAt": work.updated.isoformat(),
            "synopsis": f"{work.synopsis.partition('.')[0]}. <script>alert('x')</script>",
            "titles": {"en": work.english, "en_jp": work.romaji, "ja_jp": work.native},
            "canonicalTitle": work.romaji,
            "abbreviatedTitles": [],
            "averageRating": f"{work.score * 10 - 3:.2f}",
            "ratingFrequencies": {"16": "40", "20": str(10 + work.number)},
            "userCount": 300 + work.number,
            "favoritesCount": work.number,
            "startDate": start.isoformat(),
            "endDate": work.end.isoformat() if work.end else None,
            "popularityRank": work.number + 3,
            "ratingRank": work.number + 4,
            "ageRating": "PG",
            "subtype": work.kind,
            "status": "finished" if work.finished else "current",
            "episodeCount": work.episodes,
            "episodeLength": work.minutes + work.off("kitsu length", 3),
            "nsfw": False,
        },
        "relationships": {
            name: {"data": [{"type": item["type"], "id": item["id"]} for item in items]}
            for name, items in _links(work).items()
        },
    }


def _links(work: Work) -> dict[str, list[dict[str, Any]]]:
    return {"mappings": _mapped(work), "genres": _genres(work), "episodes": _episodes(work)}


def _included(work: Work) -> list[dict[str, Any]]:
    return [item for items in _links(work).values() for item in items]


def _mapped(work: Work) -> list[dict[str, Any]]:
    # Some mappings lead to another title's page at AniDB.
    wrong = OTHER_TITLE if work.off("kitsu anidb", 25) else 0
    sites = {
        "myanimelist/anime": work.id("mal"),
        "anilist/anime": work.id("anilist"),
        "anidb": str(int(work.id("anidb")) + wrong),
    }
    return [
        {
            "id": f"{work.number}{place}",
            "type": "mappings",
            "attributes": {"externalSite": site, "externalId": id},
        }
        for place, (site, id) in enumerate(sites.items())
    ]


def _genres(work: Work) -> list[dict[str, Any]]:
    return [
        {"id": f"{work.number}-{name}", "type": "genres", "attributes": {"name": name}}
        for name in work.genres
    ]


def _episodes(work: Work) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{work.number}-{number}",
            "type": "episodes",
            "attributes": {
                "number": number,
                "canonicalTitle": f"Chapter {number} of {work.english}",
                "titles": {"en_us": f"Chapter {number} of {work.english}"},
                "synopsis": f"The chapter of day {number}.",
                "length": work.minutes,
            },
        }
        for number in range(1, min(work.listed_episodes, 26) + 1)
    ]
