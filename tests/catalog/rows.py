"""Made-up rows in the published layouts."""

import json
from pathlib import Path
from typing import Any


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    """The rows as lines of JSON."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def mal_row(number: int, **fields: Any) -> dict[str, Any]:
    """A row of MyAnimeList-like fields."""
    return {
        "mal_id": number,
        "title": f"Hoshi no Kaze {number}",
        "title_english": f"Wind of Stars {number}",
        "title_japanese": "星の風",
        "synonyms": ["HnK"],
        "type": "TV Special",
        "source": "Light novel",
        "episodes": 2,
        "status": "Finished Airing",
        "aired_from": "1998-04-03",
        "aired_to": "1998-05",
        "year": 1998,
        "season": None,
        "duration": "1 hr. 30 min. per ep.",
        "rating": "R+ - Mild Nudity",
        "studios": ["Studio One"],
        "producers": [],
        "licensors": [],
        "genres": ["Action", "Sci-Fi"],
        "themes": ["Space"],
        "demographics": ["Seinen"],
        "score": 8,
        "scored_by": 100,
        "rank": 5,
        "popularity": 6,
        "members": 7,
        "favorites": 8,
        "synopsis": "Two pilots &amp; a cat.\r\nThey drift.\n\n[Written by MAL Rewrite]",
        "background": None,
        "picture_url": f"https://example.org/{number}.jpg",
        "trailer_url": None,
        "main_characters": ["Hoshi, Aki", "Neko"],
        "relations": [["Parent story", 900], ["Spin-off", 901], ["Alternative setting", 902]],
        "ids": {"mal": number, "anilist": 70_000 + number, "anime_planet": f"hnk-{number}"},
        "snapshot": "mal_html_2019-01",
        **fields,
    }


def offline_row(number: int, **fields: Any) -> dict[str, Any]:
    """A row of anime-offline-database."""
    return {
        "sources": [
            f"https://anidb.net/anime/{80_000 + number}",
            f"https://anilist.co/anime/{70_000 + number}",
            f"https://kitsu.app/anime/{60_000 + number}",
            f"https://myanimelist.net/anime/{number}",
            f"https://example.org/title/{number}",
        ],
        "title": f"Hoshi no Kaze {number}",
        "type": "SPECIAL",
        "episodes": 0,
        "status": "ONGOING",
        "animeSeason": {"season": "UNDEFINED", "year": 1998},
        "picture": "https://example.org/p.jpg",
        "thumbnail": "https://example.org/t.jpg",
        "duration": {"value": 1_470, "unit": "SECONDS"},
        "score": {"arithmeticGeometricMean": 7.1, "arithmeticMean": 7.2, "median": 7.3},
        "synonyms": ["Wind of Stars", f"Hoshi no Kaze {number}"],
        "studios": ["studio one"],
        "producers": [],
        "relatedAnime": ["https://anidb.net/anime/1", "https://myanimelist.net/anime/900"],
        "tags": ["action", "science fiction", "space", "seinen", "pilots"],
        **fields,
    }


HEADER = {
    "$schema": "https://example.org/schema.json",
    "license": {"name": "ODbL-1.0", "url": "https://example.org"},
    "repository": "https://github.com/manami-project/anime-offline-database",
    "scoreRange": {"minInclusive": 1.0, "maxInclusive": 10.0},
    "lastUpdate": "2026-01-01",
}
