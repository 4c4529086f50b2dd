"""Invented answers of AnimeSchedule v3."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flows.simulator.world import Work, World

TOKYO = ZoneInfo("Asia/Tokyo")
NEVER = "0001-01-01T00:00:00Z"


def answer(world: World, provider: str, ids: Sequence[str]) -> dict[str, Any]:
    """``/anime?mal-ids=`` or ``?anilist-ids=``; ids it has no title of are left out."""
    works = (world.find("animeschedule", provider, id) for id in ids)
    found = [_title(work) for work in works if work is not None]
    return {"page": 1, "totalAmount": len(found), "anime": found}


def detail(world: World, route: str) -> dict[str, Any] | None:
    """``/anime/{route}``."""
    work = world.find("animeschedule", "animeschedule", route)
    return None if work is None else _title(work)


def _title(work: Work) -> dict[str, Any]:
    premiere = datetime.combine(work.start, time(1, 30), TOKYO).astimezone(UTC)
    return {
        "id": f"s{work.number}",
        "route": work.slug,
        "title": work.romaji,
        "premier": premiere.isoformat().replace("+00:00", "Z"),
        "subPremier": NEVER,
        "dubPremier": NEVER,
        "year": work.start.year,
        "season": {
            "year": str(work.start.year),
            "season": ("Winter", "Spring", "Summer", "Fall")[(work.start.month - 1) // 3],
        },
        "updatedAt": work.updated.isoformat().replace("+00:00", "Z"),
        "description": f"<p>{work.synopsis.partition('.')[0]}.</p>",
        "genres": [{"name": name, "route": name.lower()} for name in work.genres],
        "studios": [{"name": work.studio, "route": "s"}],
        "sources": [{"name": work.material, "route": "m"}],
        "mediaTypes": [{"name": work.kind, "route": work.kind.lower()}],
        "episodes": work.episodes,
        "lengthMin": work.minutes,
        "status": "Finished" if work.finished else "Ongoing",
        "stats": {"averageScore": work.score * 10 - 1, "ratingCount": 20, "trackedCount": 40},
        "names": {"native": work.native, "english": work.english, "synonyms": []},
        "relations": {},
        "websites": {
            "mal": f"myanimelist.net/anime/{work.id('mal')}",
            "aniList": f"anilist.co/anime/{work.id('anilist')}",
            "anidb": f"anidb.net/anime/{work.id('anidb')}",
            "animePlanet": f"www.anime-planet.com/anime/{work.id('animeplanet')}",
        },
    }
