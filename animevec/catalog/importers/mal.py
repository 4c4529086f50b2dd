"""Rows of MyAnimeList-like fields: ``mal_id``, ``title_english``, ``aired_from``, ``ids``..."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from animevec.catalog import vocabulary
from animevec.catalog.ids import anime_id
from animevec.catalog.importers import field
from animevec.catalog.record import Anime, Season, Status
from animevec.catalog.urls import NUMBERED

SOURCE = "mal"
LISTS = ("genres", "themes", "demographics", "studios", "producers", "licensors")
COUNTS = ("scored_by", "members", "favorites")
FROM_ONE = ("score", "rank", "popularity", "episodes")
STATUSES = {
    "Finished Airing": Status.FINISHED,
    "Currently Airing": Status.AIRING,
    "Not yet aired": Status.UPCOMING,
}
KINDS = {"TV Special": "SPECIAL"}
RELATIONS = {"parent_story": "parent"} | dict.fromkeys(
    ("alternative_version", "alternative_setting"), "alternative"
)
PROVIDERS = {"anime_planet": "animeplanet", "tmdb_path": "tmdb"}
SEASONS = (Season.WINTER, Season.SPRING, Season.SUMMER, Season.FALL)
REWRITE = re.compile(r"\s*\[Written by MAL Rewrite\]\s*$")
QUOTED = re.compile(r"\s*\(Source: ([^()]+)\)\s*$")
DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-[0-9]{2})?)?")
SNAPSHOT = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?$")
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
        synopsis, quoted = _credited(_prose(field.text(row, "synopsis")))
        picture = field.address(row, "picture_url")
        fields = {
            "id": anime_id(keys),
            "keys": keys,
            "titles": list(_titles(row)),
            "synopsis": synopsis,
            "background": _prose(field.text(row, "background")),
            "type": _kind(field.text(row, "type")),
            "status": STATUSES.get(field.text(row, "status") or "", Status.UNKNOWN),
            "source": _known(field.text(row, "source")),
            "duration_minutes": minutes(field.text(row, "duration") or ""),
            "pictures": [{"url": picture}] if picture else [],
            "trailer": field.address(row, "trailer_url"),
            "characters": [
                {"name": natural(name), "role": "main"}
                for name in field.texts(row, "main_characters")
            ],
            "relations": list(_relations(row)),
            "provenance": _provenance(field.text(row, "snapshot"), quoted),
        }
        return Anime.model_validate(fields | _same(row) | _audience(row) | _airing(row))


def minutes(duration: str) -> float | None:
    """Length in minutes of a text such as ``1 hr. 55 min.``; None where it names none."""
    total = sum(int(number) * MINUTES[unit] for number, unit in DURATION.findall(duration))
    return round(total, 2) or None


def natural(name: str) -> str:
    """``Spiegel, Spike`` in the order it is spoken."""
    return " ".join(part.strip() for part in reversed(name.split(", ", 1)))


def _keys(row: Mapping[str, Any]) -> dict[str, str]:
    ids = field.loaded(row, "ids") or {}
    if not isinstance(ids, Mapping):
        raise field.wrong("ids", "an object", ids)
    named = {str(PROVIDERS.get(name, name)): value for name, value in ids.items()}
    known = sorted(name for name, value in named.items() if value is not None and name != "mal")
    mal = field.number_id("mal_id", row.get("mal_id"))
    return {"mal": mal} | {name: _id(name, named[name]) for name in known}


def _id(provider: str, value: Any) -> str:
    """An id at a provider: a number, or a word where its ids are no numbers."""
    if isinstance(value, str) and provider not in NUMBERED:
        return value
    return field.number_id(f"ids.{provider}", value)


def _titles(row: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    title = field.required(row, "title")
    yield {"text": title, "language": "ja-Latn", "kind": "main"}
    if english := field.text(row, "title_english"):
        yield {"text": english, "language": "en", "kind": "official"}
    if japanese := field.text(row, "title_japanese"):
        yield {"text": japanese, "language": "ja", "kind": "official"}
    for synonym in dict.fromkeys(field.texts(row, "synonyms")):
        if synonym.strip() and synonym not in {title, english, japanese}:
            yield {"text": synonym}


def _same(row: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that the record has by the same names."""
    lists = {name: field.texts(row, name) for name in LISTS}
    counts = {name: field.number(row, name) for name in COUNTS}
    return lists | counts | {name: field.known(row, name) for name in FROM_ONE}


def _audience(row: Mapping[str, Any]) -> dict[str, Any]:
    """The rating; where there is none, the genres say whether a title is for adults."""
    rating = _rating(field.text(row, "rating"))
    adult = vocabulary.is_adult(vocabulary.route(field.texts(row, "genres")))
    return {"rating": rating, "nsfw": rating == "RX" if rating else adult}


def _airing(row: Mapping[str, Any]) -> dict[str, Any]:
    """Dates are kept where they name a day; a year or a month alone still gives year and season."""
    first, last = _date(row, "aired_from"), _date(row, "aired_to")
    month = int(first[5:7] or 0)
    season = (field.text(row, "season") or "").upper()
    return {
        "aired_from": first if len(first) == 10 else None,
        "aired_to": last if len(last) == 10 else None,
        "year": field.known(row, "year") or first[:4] or None,
        "season": season or (SEASONS[(month - 1) // 3] if 1 <= month <= 12 else None),
    }


def _date(row: Mapping[str, Any], name: str) -> str:
    date = field.text(row, name) or ""
    if date and not DATE.fullmatch(date):
        raise field.wrong(name, "a date such as 1998-04-03, 1998-04 or 1998", date)
    return date


def _kind(text: str | None) -> str:
    return KINDS.get(text or "") or (text or "unknown").upper()


def _rating(text: str | None) -> str | None:
    """``PG-13 - Teens 13 or older`` and the like."""
    short = (text or "").split(" - ")[0].strip()
    name = short.upper().replace("-", "_").replace("+", "_PLUS")
    return name if name and name != "NONE" else None


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


def _relations(row: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    relations = field.loaded(row, "relations")
    if not isinstance(relations, list | None):
        raise field.wrong("relations", "a list", relations)
    for relation in relations or ():
        match relation:
            case [str(kind), mal]:
                name = kind.lower().replace(" ", "_").replace("-", "_")
                key = f"mal:{field.number_id('relations', mal)}"
                yield {"kind": RELATIONS.get(name, name), "key": key}
            case _:
                raise field.wrong("relations", "pairs of a kind and an id", relation)


def _provenance(snapshot: str | None, quoted: str | None) -> dict[str, dict[str, Any]]:
    """``snapshot`` ends in the month or day of the crawl, such as ``mal_html_2019-01``."""
    fetched = SNAPSHOT.search(snapshot or "")
    day = "-".join(part or "01" for part in fetched.groups()) if fetched else None
    origin = {"source": SOURCE, "fetched_at": f"{day}T00:00:00Z" if day else None}
    everything: dict[str, dict[str, Any]] = {"*": origin}
    return everything | ({"synopsis": origin | {"source": f"mal/{quoted}"}} if quoted else {})
