"""LiveChart: recorded pages, which name the title's ids on six other sites."""

import re
from collections.abc import Iterator
from typing import Any

from flows.enrichment import dates, words
from flows.enrichment.http import RequestFailed
from flows.enrichment.markup import line, plain
from flows.enrichment.names import native
from flows.enrichment.sources import asking, pages
from flows.enrichment.types import OutcomeKind, Rate, SourceFacts, SourceRecord, Stage

FACTS = SourceFacts(
    name="livechart",
    provider="livechart",
    title="LiveChart",
    base_url="https://www.livechart.me",
    licence="LiveChart terms of use",
    rates=(Rate(requests=1, seconds=2),),
    stages=frozenset({Stage.METADATA, Stage.RELATIONSHIPS, Stage.STATISTICS}),
    recorded_only=True,
)
FIELDS = ("Original title", "Status", "Premiere", "Season", "Format", "Source", "Run time")

opening = pages.recorded(FACTS, lambda document: parse(document))


def parse(document: bytes) -> SourceRecord:
    """A record from the page of a title.

    Raises:
        RequestFailed: refused for a block page, not found for another page.
    """
    page = pages.Page(document).checked("LiveChart")
    data = page.data("TVSeries", "Movie", "CreativeWork", "TVEpisode", "MusicRecording")
    found = re.search(r"/anime/(\d+)", str(data.get("url", "")))
    if not found:
        raise RequestFailed(OutcomeKind.NOT_FOUND, "not the page of a title")
    return asking.record(FACTS, found[1], _draft(page, data, found[1]))


def _draft(page: pages.Page, data: dict[str, Any], id: str) -> dict[str, Any]:
    fields = _fields(page)
    # The structured date is the day in UTC; the visible one is that of the broadcast.
    start = dates.english(fields.get("Premiere"))
    season, _, year = fields.get("Season", "").partition(" ")
    image = data.get("image")
    return {
        "url": f"{FACTS.base_url}/anime/{id}",
        "keys": asking.ids_in(page.links("a[href*='://']")),
        "titles": list(_titles(data)),
        "synopsis": _synopsis(page),
        "labels": page.texts("a[href^='/tags/'].lc-chip-button"),
        "type": words.kind(fields.get("Format")),
        "status": words.status(fields.get("Status")),
        "aired_from": start.date,
        "year": int(year) if year.isascii() and year.isdigit() else start.year,
        "season": words.season(season) or start.season,
        "material": words.material(fields.get("Source")),
        "episodes": _count(data),
        "duration_minutes": pages.minutes(fields.get("Run time")),
        "studios": list(_studios(data)),
        "pictures": [{"url": image}] if isinstance(image, str) else [],
        "relations": list(_relations(page)),
        "statistics": _statistics(data),
    }


def _relations(page: pages.Page) -> Iterator[dict[str, str]]:
    """What shares the franchise; the page does not say how."""
    for card in page.tree.css("[data-franchise-carousel-target=carousel] article"):
        id = card.attributes.get("data-compact-anime-card-id") or ""
        if id.isascii() and id.isdigit():
            title = card.attributes.get("data-compact-anime-card-romaji-title") or ""
            yield {"kind": "other", "key": f"livechart:{id}", "title": title}


def _fields(page: pages.Page) -> dict[str, str]:
    """The values under the page's small headings."""
    fields: dict[str, str] = {}
    for node in page.tree.css("div"):
        name = pages.text(node)
        if name in FIELDS and node.parent is not None:
            value = (pages.text(node.parent) or "").removeprefix(name).strip()
            if value and len(value) < 300:
                fields.setdefault(name, value)
    return fields


def _count(data: dict[str, Any]) -> int | None:
    if data.get("@type") == "Movie":
        return 1
    count = data.get("numberOfEpisodes")
    return count if isinstance(count, int) and not isinstance(count, bool) and count else None


def _titles(data: dict[str, Any]) -> Iterator[dict[str, str]]:
    if isinstance(data.get("name"), str) and (main := line(data["name"])):
        yield {"text": main, "language": "ja-Latn", "kind": "main"}
    names = data.get("alternateName")
    for name in names if isinstance(names, list) else []:
        if isinstance(name, str) and (text := line(name)):
            yield {
                "text": text,
                "language": "ja" if native(text) else "und",
                "kind": "official" if native(text) else "synonym",
            }


def _synopsis(page: pages.Page) -> str | None:
    node = page.tree.css_first(".lc-expander-content")
    return plain(node.html) if node else None


def _studios(data: dict[str, Any]) -> Iterator[str]:
    companies = data.get("productionCompany")
    for company in companies if isinstance(companies, list) else []:
        if isinstance(company, dict) and isinstance(company.get("name"), str):
            yield company["name"]


def _statistics(data: dict[str, Any]) -> dict[str, Any]:
    rating = data.get("aggregateRating")
    if not isinstance(rating, dict):
        return {}
    return {
        "score": pages.decimal(rating.get("ratingValue")),
        "scale": (1, 10),
        "votes": pages.number(str(rating.get("ratingCount"))),
    }
