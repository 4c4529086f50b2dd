"""Invented answers of Jikan v4."""

from datetime import date
from typing import Any

from flows.simulator.world import Work, World

PAGE = 100
SEASONS = ("winter", "spring", "summer", "fall")
PICTURES = "https://pictures.invalid/mal"


def answer(world: World, id: str, part: str, page: int) -> dict[str, Any] | None:
    """``/anime/{id}/{part}``; None where there is no such title or part."""
    work = world.find("jikan", "mal", id)
    if work is None:
        return None
    match part:
        case "full":
            return {"data": _full(work, world)}
        case "characters":
            return {"data": [_character(work, place) for place in range(len(work.cast))]}
        case "episodes":
            return _episodes(work, page)
        case "staff":
            return {"data": _staff(work)}
        case _:
            return None


def _full(work: Work, world: World) -> dict[str, Any]:
    id = int(work.id("mal"))
    image = f"{PICTURES}/{id}.jpg"
    titles = [("Default", work.romaji), ("Japanese", work.native), ("English", work.english)]
    return {
        "mal_id": id,
        "url": f"https://myanimelist.net/anime/{id}",
        "images": {
            kind: {"image_url": image, "large_image_url": image} for kind in ("jpg", "webp")
        },
        "trailer": {"youtube_id": None, "url": None, "embed_url": None},
        "titles": [{"type": kind, "title": text} for kind, text in titles],
        "type": work.kind,
        "source": work.material,
        "episodes": work.episodes if work.finished else None,
        "status": "Finished Airing" if work.finished else "Currently Airing",
        "airing": not work.finished,
        "aired": {"prop": {"from": _day(work.start), "to": _day(work.end)}},
        "duration": f"{work.minutes} min per ep" if work.kind != "Movie" else "1 hr 37 min",
        "rating": "PG - Children" if not work.off("rating", 20) else "G - All Ages",
        "score": work.score,
        "scored_by": 100 + 3 * work.number,
        "rank": work.number + 1,
        "popularity": work.number + 1,
        "members": 1_000 + 11 * work.number,
        "favorites": work.number,
        "synopsis": f"{work.synopsis}\n\n[Written by MAL Rewrite]",
        "background": None,
        "season": SEASONS[(work.start.month - 1) // 3],
        "year": work.start.year,
        "broadcast": {"day": "Saturdays", "time": "23:00", "timezone": "Asia/Tokyo"},
        "producers": [{"mal_id": 1, "type": "anime", "name": "Harbour Committee", "url": ""}],
        "licensors": [],
        "studios": [{"mal_id": 2, "type": "anime", "name": work.studio, "url": ""}],
        "genres": [{"mal_id": 3, "type": "anime", "name": name} for name in work.genres],
        "explicit_genres": [],
        "themes": [],
        "demographics": [],
        "relations": _relations(work, world),
        "external": [
            {"name": "AniDB", "url": f"https://anidb.net/anime/{work.id('anidb')}"},
            {"name": "Official Site", "url": f"https://{work.slug}.invalid/"},
        ],
        "streaming": [],
    }


def _day(day: date | None) -> dict[str, int | None]:
    if day is None:
        return {"day": None, "month": None, "year": None}
    return {"day": day.day, "month": day.month, "year": day.year}


def _relations(work: Work, world: World) -> list[dict[str, Any]]:
    sequel = world.works.get(work.sequel) if work.sequel is not None else None
    if sequel is None:
        return []
    entry = {"mal_id": int(sequel.id("mal")), "type": "anime", "name": sequel.romaji, "url": ""}
    return [{"relation": "Sequel", "entry": [entry]}]


def _character(work: Work, place: int) -> dict[str, Any]:
    one = work.cast[place]
    first, last = one.voice.split()
    return {
        "character": {"mal_id": one.number, "name": f"{one.last}, {one.first}", "images": {}},
        "role": "Main" if one.main else "Supporting",
        "favorites": 0,
        "voice_actors": [
            {"person": {"mal_id": one.number, "name": f"{last}, {first}"}, "language": "Japanese"}
        ],
    }


def _episodes(work: Work, page: int) -> dict[str, Any]:
    listed = range(1, work.listed_episodes + 1)[(page - 1) * PAGE : page * PAGE]
    more = page * PAGE < work.listed_episodes
    return {
        "data": [
            {
                "mal_id": number,
                "title": f"Chapter {number} of {work.english}",
                "title_romanji": f"Dai {number} Wa",
                "aired": _aired(work, number),
                "score": 4.1,
                "filler": False,
                "recap": number == 13,
            }
            for number in listed
        ],
        "pagination": {"last_visible_page": page + more, "has_next_page": more},
    }


def _aired(work: Work, number: int) -> str:
    day = date.fromordinal(work.start.toordinal() + 7 * (number - 1))
    return f"{day.isoformat()}T00:00:00+09:00"


def _staff(work: Work) -> list[dict[str, Any]]:
    found = []
    for place, (name, position) in enumerate(work.staff):
        first, last = name.split()
        person = {"mal_id": 90_000 + 10 * work.number + place, "name": f"{last}, {first}"}
        found.append({"person": person, "positions": [position]})
    return found
