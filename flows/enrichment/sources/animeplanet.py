"""Anime-Planet: pages, from disk unless an operator opts in to fetching them."""

import html
import re
from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborNode

from animevec.settings import Settings
from flows.enrichment import dates, words
from flows.enrichment.http import Client, RequestFailed
from flows.enrichment.markup import line, plain
from flows.enrichment.names import western
from flows.enrichment.sources import asking, pages
from flows.enrichment.types import (
    OutcomeKind,
    Rate,
    Source,
    SourceFacts,
    SourceRecord,
    Stage,
)

FACTS = SourceFacts(
    name="animeplanet",
    provider="animeplanet",
    title="Anime-Planet",
    base_url="https://www.anime-planet.com",
    licence="Anime-Planet terms of use",
    rates=(Rate(requests=1, seconds=2),),
    stages=frozenset({*Stage} - {Stage.EPISODES}),
    keep_s=30 * 86_400,
    robots=True,
)
TYPES = ("TVSeries", "Movie", "CreativeWork", "TVEpisode", "MusicRecording")
HIDDEN_TITLE = "[email"
_KIND = re.compile(r"^([A-Za-z ]+?)\s*(?:\((\d+)\+?\s*(?:eps?)?(?:\s*x\s*([^)]+))?\)|$)")
_RATING = re.compile(r"([\d.]+) out of 5 from ([\d,]+) votes")


def opening(client: Client, settings: Settings) -> Source:
    """The source as ``enrichment.animeplanet`` says: recorded, polite or browser."""
    match settings.enrichment.animeplanet:
        case "recorded":
            return pages.RecordedPages(FACTS, parse, settings.recorded_path)
        case "polite":
            return pages.FetchedPages(FACTS, parse, client, "/anime/{id}")
        case "browser":
            from flows.enrichment.sources.browser import BrowserPages

            return BrowserPages(FACTS, parse, client, "/anime/{id}")


def parse(document: bytes) -> SourceRecord:
    """A record from the page of a title.

    Raises:
        RequestFailed: refused for a block page, not found for another page.
    """
    page = pages.Page(document).checked("Anime-Planet")
    data = page.data(*TYPES)
    found = re.search(r"/anime/([\w-]+)$", page.attribute("link[rel=canonical]", "href") or "")
    if not found or not (data or page.text("h1")):
        raise RequestFailed(OutcomeKind.NOT_FOUND, "not the page of a title")
    return asking.record(FACTS, found[1], _draft(page, data, found[1]))


def _draft(page: pages.Page, data: dict[str, Any], slug: str) -> dict[str, Any]:
    kind, episodes, length = _entry(page)
    start, end = dates.iso(_text(data, "startDate")), dates.iso(_text(data, "endDate"))
    season = re.search(r"/seasons/(\w+)-(\d{4})", " ".join(page.links(".entryBar a")))
    year = dates.iso((page.text(".entryBar .iconYear") or "")[:4])
    count = data.get("numberOfEpisodes")
    return {
        "url": f"{FACTS.base_url}/anime/{slug}",
        "titles": list(_titles(page, data)),
        "synopsis": plain(_text(data, "description")),
        "labels": page.texts(".tags a"),
        "type": words.kind(kind),
        "aired_from": start.date,
        "aired_to": end.date,
        "year": int(season[2]) if season else start.year or year.year,
        "season": words.season(season[1]) if season else start.season,
        "episodes": episodes or (count if isinstance(count, int) else None) or None,
        "duration_minutes": pages.minutes(length),
        "studios": page.texts(".entryBar a[href*='/studios/']"),
        "pictures": _pictures(data),
        "relations": list(_relations(page)),
        "statistics": _statistics(page),
        "characters": [],
        "staff": list(_staff(data)),
    }


def _text(data: dict[str, Any], name: str) -> str | None:
    value = data.get(name)
    return html.unescape(value) if isinstance(value, str) else None


def _entry(page: pages.Page) -> tuple[str | None, int | None, str | None]:
    """Kind, episodes and length from ``TV (26 eps)`` or ``Movie (1 ep x 60 min)``."""
    match = _KIND.match(page.text(".entryBar .type") or "")
    if not match:
        return None, None, None
    return match[1], int(match[2]) if match[2] else None, match[3]


def _titles(page: pages.Page, data: dict[str, Any]) -> Iterator[dict[str, str]]:
    main = line(_text(data, "name")) or page.text("h1")
    if main and HIDDEN_TITLE not in main:
        yield {"text": main, "kind": "main"}
    aka = re.sub(r"^Alt titles?:\s*", "", page.text("h2.aka") or "")
    if aka and HIDDEN_TITLE not in aka:
        yield {"text": aka, "kind": "synonym"}


def _pictures(data: dict[str, Any]) -> list[dict[str, str]]:
    url = _text(data, "image") or ""
    # The page puts its own address before the address of the picture.
    start = url.rfind("https://")
    known = start >= 0 and "blank_main" not in url
    return [{"url": url[start:]}] if known else []


def _relations(page: pages.Page) -> Iterator[dict[str, Any]]:
    places = (("#tabs--relations--anime", "anime"), ("#tabs--relations--manga", "manga"))
    for selector, medium in places:
        for node in page.tree.css(f"{selector} a.RelatedEntry"):
            yield from _relation(node, medium)


def _relation(node: LexborNode, medium: str) -> Iterator[dict[str, Any]]:
    slug = re.match(r"/(?:anime|manga)/([\w-]+)$", node.attributes.get("href") or "")
    if slug:
        kind = pages.text(node.css_first(".RelatedEntry__subtitle"))
        prefix = "animeplanet" if medium == "anime" else "animeplanet_manga"
        yield {
            "kind": words.relation(kind),
            "key": f"{prefix}:{slug[1]}",
            "title": pages.text(node.css_first(".RelatedEntry__name")),
            "medium": medium,
        }


def _statistics(page: pages.Page) -> dict[str, Any]:
    rating = _RATING.search(page.attribute(".avgRating", "title") or "")
    rank = re.search(r"Rank #([\d,]+)", page.text(".entryBar") or "")
    return {
        "score": float(rating[1]) if rating else None,
        "scale": (0.5, 5),
        "votes": pages.number(rating[2]) if rating else None,
        "rank": pages.number(rank[1]) if rank else None,
    }


def _staff(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for field, role in (("director", "Director"), ("musicBy", "Music")):
        people = data.get(field)
        for person in people if isinstance(people, list) else []:
            name = person.get("name") if isinstance(person, dict) else None
            if isinstance(name, str) and name.strip():
                yield {"name": western(name).title(), "role": role}
