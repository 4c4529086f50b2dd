"""Rows of anime-offline-database, as published in JSON and in JSON lines.

It has no synopses and no characters, its titles say no language, its duration is in seconds
or null, and its relations are bare addresses, one per provider and related work.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from animevec.catalog import vocabulary
from animevec.catalog.ids import PROVIDERS, anime_id
from animevec.catalog.record import Anime, Status
from animevec.catalog.urls import key_of, keys_of

SOURCE = "anime-offline-database"
LICENCE = "ODbL-1.0"
STATUSES = {"ONGOING": Status.AIRING}
UNITS = {"SECONDS": 1 / 60, "MINUTES": 1.0}
SCALE = (1.0, 10.0)


class OfflineDatabase:
    """The dataset of github.com/manami-project/anime-offline-database."""

    name = SOURCE
    owns = False

    def recognises(self, row: Mapping[str, Any]) -> bool:
        """Its rows, and the header line of its JSON lines."""
        return {"sources", "animeSeason"} <= row.keys() or _is_header(row)

    def record(self, row: Mapping[str, Any]) -> Anime | None:
        """The title in a row; None for the header."""
        if _is_header(row):
            return None
        keys = keys_of(row["sources"])
        season = row.get("animeSeason") or {}
        status = row.get("status") or "UNKNOWN"
        score = row.get("score") or {}
        fields = {
            "id": anime_id(keys),
            "keys": keys,
            "titles": _titles(row["title"], row.get("synonyms") or ()),
            "type": row.get("type") or "UNKNOWN",
            "status": STATUSES.get(status, status),
            "episodes": row.get("episodes") or None,
            "season": None if season.get("season") == "UNDEFINED" else season.get("season"),
            "year": season.get("year"),
            "duration_minutes": _minutes(row.get("duration")),
            "score": score.get("arithmeticMean"),
            "statistics": _statistics(score),
            "pictures": _pictures(row),
            "studios": row.get("studios") or (),
            "producers": row.get("producers") or (),
            "relations": _relations(row.get("relatedAnime") or ()),
            "links": _links(row["sources"]),
            "provenance": {"*": {"source": SOURCE, "licence": LICENCE}},
        }
        return Anime.model_validate(fields | vocabulary.route(row.get("tags") or ())._asdict())


def _is_header(row: Mapping[str, Any]) -> bool:
    return "sources" not in row and {"license", "repository"} <= row.keys()


def _titles(title: str, synonyms: Iterable[str]) -> list[dict[str, str]]:
    others = dict.fromkeys(name for name in synonyms if name.strip() and name != title)
    return [{"text": title, "kind": "main"}, *({"text": name} for name in others)]


def _minutes(duration: Mapping[str, Any] | None) -> float | None:
    if not duration or not duration.get("value"):
        return None
    return round(float(duration["value"]) * UNITS[duration.get("unit", "SECONDS")], 2)


def _statistics(score: Mapping[str, Any]) -> dict[str, Any]:
    return {SOURCE: {"score": score["median"], "scale": SCALE}} if score.get("median") else {}


def _pictures(row: Mapping[str, Any]) -> list[dict[str, str]]:
    urls = {"cover": row.get("picture"), "thumbnail": row.get("thumbnail")}
    # a title without a picture is given the project's "no_pic" drawing
    return [{"kind": kind, "url": url} for kind, url in urls.items() if url and "no_pic" not in url]


def _relations(urls: Iterable[str]) -> list[dict[str, str]]:
    """Related works by the first provider that names any, so that each work counts once."""
    keys = [key for key in map(key_of, urls) if key]
    best = min((PROVIDERS.index(provider) for provider, _ in keys), default=0)
    return [
        {"kind": "other", "key": f"{provider}:{value}"}
        for provider, value in dict.fromkeys(keys)
        if provider == PROVIDERS[best]
    ]


def _links(urls: Iterable[str]) -> dict[str, str]:
    """Pages of providers whose ids are not known here."""
    return {url.split("/")[2]: url for url in urls if key_of(url) is None and "://" in url}
