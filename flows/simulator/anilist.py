"""Invented answers of AniList's GraphQL."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flows.simulator.world import Work, World

FORMATS = {"TV": "TV", "Movie": "MOVIE", "OVA": "OVA", "ONA": "ONA"}
MATERIALS = {"Manga": "MANGA", "Light novel": "LIGHT_NOVEL", "Visual novel": "VISUAL_NOVEL"}


PEOPLE = 25  # a page


def answer(world: World, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of the batch query; ids it has no title of are left out."""
    page = int(variables.get("page") or 1)
    provider, ids = ("anilist", variables.get("ids")) if variables.get("ids") else ("mal", None)
    asked = ids or variables.get("malIds") or []
    found = (world.find("anilist", provider, str(id)) for id in asked)
    media = [_media(work, page) for work in found if work is not None]
    return {"data": {"Page": {"media": media[: int(variables.get("perPage") or 50)]}}}


def _media(work: Work, page: int) -> dict[str, Any]:
    return {
        "id": int(work.id("anilist")),
        "idMal": int(work.id("mal")),
        "type": "ANIME",
        "title": {"romaji": work.romaji, "english": work.english, "native": work.native},
        "description": f"{work.synopsis.partition('.')[0]}.<br><br>~!It was a dream.!~",
        "source": MATERIALS.get(work.material, "ORIGINAL"),
        "format": FORMATS[work.kind],
        # A slip some titles have: the number aired so far, of a title that has ended.
        "episodes": max(1, work.episodes - work.off("anilist episodes", 15)),
        "duration": work.minutes,
        "status": "FINISHED" if work.finished else "RELEASING",
        "season": ("WINTER", "SPRING", "SUMMER", "FALL")[(work.start.month - 1) // 3],
        "seasonYear": work.start.year,
        "countryOfOrigin": "JP",
        "isAdult": False,
        "updatedAt": int(work.updated.timestamp()),
        "startDate": _day(work.start),
        "endDate": _day(work.end),
        "coverImage": {"extraLarge": f"https://pictures.invalid/anilist/{work.number}.jpg"},
        "averageScore": round(work.score * 10) - 2,
        "popularity": 500 + work.number,
        "favourites": work.number,
        "genres": list(work.genres[:2]),
        "synonyms": [f"{work.english}!"],
        "tags": [{"name": "Travel", "rank": 70}, {"name": "Rivalries", "rank": 10}],
        "relations": {"edges": []},
        "studios": {"edges": [{"isMain": True, "node": {"id": 1, "name": _studio(work)}}]},
        "externalLinks": [
            {"site": "Official Site", "url": f"https://{work.slug}.invalid/", "type": "INFO"}
        ],
        "rankings": [{"rank": work.number + 2, "type": "RATED", "allTime": True}],
        "stats": {"scoreDistribution": [{"score": 80, "amount": 90 + work.number}]},
        "characters": _page([_character(work, place) for place in range(len(work.cast))], page),
        "staff": _page([_staff(name, role) for name, role in work.staff], page),
    }


def _page(people: list[dict[str, Any]], page: int) -> dict[str, Any]:
    last = page * PEOPLE
    return {"edges": people[last - PEOPLE : last], "pageInfo": {"hasNextPage": last < len(people)}}


def _studio(work: Work) -> str:
    return f"{work.studio} Inc." if work.off("studio", 4) else work.studio


def _day(day: date | None) -> dict[str, int | None]:
    if day is None:
        return {"year": None, "month": None, "day": None}
    return {"year": day.year, "month": day.month, "day": day.day}


def _character(work: Work, place: int) -> dict[str, Any]:
    one = work.cast[place]
    return {
        "role": "MAIN" if one.main else "SUPPORTING",
        "node": {
            "id": 7_000_000 + one.number,
            "name": {"full": f"{one.first} {one.last}", "native": one.native, "alternative": []},
        },
        "voiceActors": [{"id": 8_000_000 + one.number, "name": {"full": one.voice}}],
    }


def _staff(name: str, role: str) -> dict[str, Any]:
    return {"role": role, "node": {"name": {"full": name}}}
