"""Rows of MyAnimeList-like fields: ``mal_id``, ``title_english``, ``aired_from``, ``ids``..."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from animevec.catalog.ids import anime_id
from animevec.catalog.record import Anime, Kind, Rating, Season, Status

SOURCE = "mal"
SAME = (
    *("genres", "themes", "demographics", "studios", "producers", "licensors"),
    *("score", "scored_by", "rank", "popularity", "members", "favorites", "episodes"),
)
STATUSES = {
    "Finished Airing": Status.FINISHED,
    "Currently Airing": Status.AIRING,
    "Not yet aired": Status.UPCOMING,
}
KINDS = {"TV Special": Kind.SPECIAL}
RELATIONS = {"parent_story": "parent"} | dict.fromkeys(
    ("alternative_version", "alternative_setting"), "alternative"
)
PROVIDERS = {"anime_planet": "animeplanet", "tmdb_path": "tmdb"}
SEASONS = (Season.WINTER, Season.SPRING, Season.SUMMER, Season.FALL)
REWRITE = re.compile(r"\s*\[Written by MAL Rewrite\]\s*$")
QUOTED = re.compile(r"\s*\(Source: ([^()]+)\)\s*$")
DURATION = re.compile(r"(\d+) (hr|min|sec)")
MINUTES = {"hr": 60.0, "min": 1.0, "sec": 1 / 60}


class MyAnimeList:
    """A row per title, as crawled from MyAnimeList; nested fields may be JSON text."""

    name = SOURCE
    owns = False

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """Rows with a ``mal_id`` and a ``title``."""
        return {"mal_id", "title"} <= row.keys()

    def record(self, row: Mapping[str, Any]) -> Anime:
        """The title in a row."""
        keys = _keys(row)
        synopsis, quoted = _credited(_prose(row.get("synopsis")))
        rating = _rating(row.get("rating"))
        fields = {
            "id": anime_id(keys),
            "keys": keys,
            "titles": list(_titles(row)),
            "synopsis": synopsis,
            "background": _prose(row.get("background")),
            "type": _kind(row.get("type")),
            "status": STATUSES.get(row.get("status") or "", Status.UNKNOWN),
            "rating": rating,
            "nsfw": rating is Rating.RX,
            "source": _known(row.get("source")),
            "duration_minutes": minutes(row.get("duration") or ""),
            "pictures": [{"url": url} for url in [row.get("picture_url")] if url],
            "trailer": row.get("trailer_url") or None,
            "characters": [
                {"name": natural(name), "role": "main"} for name in row.get("main_characters") or ()
            ],
            "relations": list(_relations(row.get("relations"))),
            "provenance": _provenance(row.get("snapshot"), quoted),
        }
        same = {name: row[name] for name in SAME if row.get(name) is not None}
        return Anime.model_validate(fields | same | _airing(row))


def minutes(duration: str) -> float | None:
    """Length in minutes of a text such as ``1 hr. 55 min.``; None where it names none."""
    total = sum(int(number) * MINUTES[unit] for number, unit in DURATION.findall(duration))
    return round(total, 2) or None


def natural(name: str) -> str:
    """``Spiegel, Spike`` in the order it is spoken."""
    return " ".join(part.strip() for part in reversed(name.split(", ", 1)))


def _keys(row: Mapping[str, Any]) -> dict[str, str]:
    ids = _loaded(row.get("ids")) or {}
    named = {PROVIDERS.get(name, name): str(value) for name, value in ids.items()}
    return {"mal": str(int(row["mal_id"]))} | {k: named[k] for k in sorted(named) if k != "mal"}


def _titles(row: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    yield {"text": row["title"], "language": "ja-Latn", "kind": "main"}
    if english := row.get("title_english"):
        yield {"text": english, "language": "en", "kind": "official"}
    if japanese := row.get("title_japanese"):
        yield {"text": japanese, "language": "ja", "kind": "official"}
    known = {row["title"], row.get("title_english"), row.get("title_japanese")}
    for synonym in dict.fromkeys(row.get("synonyms") or ()):
        if synonym.strip() and synonym not in known:
            yield {"text": synonym}


def _airing(row: Mapping[str, Any]) -> dict[str, Any]:
    """Dates are kept where they name a day; a year or a month alone still gives year and season."""
    first, last = row.get("aired_from") or "", row.get("aired_to") or ""
    month = int(first[5:7]) if len(first) >= 7 else None
    season = (row.get("season") or "").upper()
    return {
        "aired_from": first if len(first) == 10 else None,
        "aired_to": last if len(last) == 10 else None,
        "year": row.get("year") or (int(first[:4]) if first else None),
        "season": season or (SEASONS[(month - 1) // 3] if month and month <= 12 else None),
    }


def _kind(text: str | None) -> Kind:
    return KINDS.get(text or "") or Kind((text or "unknown").upper())


def _rating(text: str | None) -> Rating | None:
    """``PG-13 - Teens 13 or older`` and the like."""
    short = (text or "").split(" - ")[0].strip()
    name = short.upper().replace("-", "_").replace("+", "_PLUS")
    return Rating(name) if name and name != "NONE" else None


def _known(text: str | None) -> str | None:
    return None if text in {None, "", "Unknown"} else text


def _prose(text: str | None) -> str | None:
    plain = html.unescape(text or "").replace("\r\n", "\n")
    return REWRITE.sub("", plain).strip() or None


def _credited(text: str | None) -> tuple[str | None, str | None]:
    """A synopsis, and whom it was quoted from."""
    if text is None or (match := QUOTED.search(text)) is None:
        return text, None
    return text[: match.start()].strip() or None, match[1].strip()


def _relations(value: Any) -> Iterator[dict[str, str]]:
    for kind, mal in _loaded(value) or ():
        name = kind.lower().replace(" ", "_").replace("-", "_")
        yield {"kind": RELATIONS.get(name, name), "key": f"mal:{mal}"}


def _provenance(snapshot: str | None, quoted: str | None) -> dict[str, dict[str, Any]]:
    """``snapshot`` ends in the month or day of the crawl, such as ``mal_html_2019-01``."""
    fetched = re.search(r"(\d{4})-(\d\d)(?:-(\d\d))?$", snapshot or "")
    day = [int(part or 1) for part in fetched.groups()] if fetched else None
    origin = {"source": SOURCE, "fetched_at": datetime(*day, tzinfo=UTC) if day else None}  # type: ignore[misc,arg-type]
    everything: dict[str, dict[str, Any]] = {"*": origin}
    return everything | ({"synopsis": origin | {"source": f"mal/{quoted}"}} if quoted else {})


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
