"""Rows of anime-offline-database, as published in JSON and in JSON lines.

It has no synopses and no characters, its titles say no language, its duration is in seconds
or null, and its relations are bare addresses, one per provider and related work.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from animevec.catalog import vocabulary
from animevec.catalog.ids import PROVIDERS, anime_id
from animevec.catalog.importers import field
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
        urls = field.texts(row, "sources")
        keys = keys_of(urls)
        season = field.text(row, "animeSeason.season")
        status = field.text(row, "status") or "UNKNOWN"
        labels = vocabulary.route(field.texts(row, "tags"))
        fields = {
            "id": anime_id(keys),
            "keys": keys,
            "titles": _titles(field.required(row, "title"), field.texts(row, "synonyms")),
            "type": field.text(row, "type") or "UNKNOWN",
            "status": STATUSES.get(status, status),
            "episodes": field.known(row, "episodes"),
            "season": None if season == "UNDEFINED" else season,
            "year": field.known(row, "animeSeason.year"),
            "duration_minutes": _minutes(row),
            "score": field.known(row, "score.arithmeticMean"),
            "statistics": _statistics(row),
            "nsfw": vocabulary.is_adult(labels),
            "pictures": _pictures(row),
            "studios": field.texts(row, "studios"),
            "producers": field.texts(row, "producers"),
            "relations": _relations(field.texts(row, "relatedAnime")),
            "links": _links(urls),
            "provenance": {"*": {"source": SOURCE, "licence": LICENCE}},
        }
        return Anime.model_validate(fields | labels._asdict())


def _is_header(row: Mapping[str, Any]) -> bool:
    rows = {"sources", "data", "deadEntries"}
    return {"license", "repository"} <= row.keys() and rows.isdisjoint(row)


def _titles(title: str, synonyms: Iterable[str]) -> list[dict[str, str]]:
    others = dict.fromkeys(name for name in synonyms if name.strip() and name != title)
    return [{"text": title, "kind": "main"}, *({"text": name} for name in others)]


def _minutes(row: Mapping[str, Any]) -> float | None:
    length = field.known(row, "duration.value")
    unit = field.text(row, "duration.unit") or "SECONDS"
    if unit not in UNITS:
        raise field.wrong("duration.unit", " or ".join(UNITS), unit)
    return None if length is None else round(length * UNITS[unit], 2)


def _statistics(row: Mapping[str, Any]) -> dict[str, Any]:
    median = field.known(row, "score.median")
    return {} if median is None else {SOURCE: {"score": median, "scale": SCALE}}


def _pictures(row: Mapping[str, Any]) -> list[dict[str, str]]:
    urls = {"cover": field.address(row, "picture"), "thumbnail": field.address(row, "thumbnail")}
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
    others = (url for url in urls if key_of(url) is None and field.is_address(url))
    return {url.split("/")[2]: url for url in others}
