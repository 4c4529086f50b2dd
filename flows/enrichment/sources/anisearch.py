"""AniSearch: recorded pages; one module and one line in the registry."""

import re
from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborNode

from flows.enrichment import dates, words
from flows.enrichment.http import RequestFailed
from flows.enrichment.markup import plain
from flows.enrichment.names import western
from flows.enrichment.sources import asking, pages
from flows.enrichment.types import OutcomeKind, Rate, SourceFacts, SourceRecord, Stage

FACTS = SourceFacts(
    name="anisearch",
    provider="anisearch",
    title="AniSearch",
    base_url="https://www.anisearch.com",
    licence="AniSearch terms of use",
    rates=(Rate(requests=1, seconds=2),),
    stages=frozenset({*Stage} - {Stage.EPISODES}),
    recorded_only=True,
)
KINDS = {"TV-Series": "tv", "TV-Special": "tv_special", "Bonus": "special", "Other": ""}
MATERIALS = {"Original Work": "Original"}
_TYPE = re.compile(r"Type:\s*([\w-]+(?: [A-Z]\w+)?)(?:,\s*(\d+|\?))?")
_TARGET = re.compile(r"/?(anime|manga)/(\d+)")
_PERSON = re.compile(r"/?person/(\d+)")

opening = pages.recorded(FACTS, lambda document: parse(document))


def parse(document: bytes) -> SourceRecord:
    """A record from the page of a title.

    Raises:
        RequestFailed: refused for a block page, not found for another page.
    """
    page = pages.Page(document).checked("AniSearch")
    found = re.search(r"/anime/(\d+)", page.attribute("link[rel=canonical]", "href") or "")
    info = page.tree.css_first("#information .infoblock li")
    if not found or not info:
        raise RequestFailed(OutcomeKind.NOT_FOUND, "not the page of a title")
    return asking.record(FACTS, found[1], _draft(page, info, found[1]))


def _draft(page: pages.Page, info: LexborNode, id: str) -> dict[str, Any]:
    kind = _TYPE.search(_part(info, "type") or "")
    start, end, season = _released(info)
    return {
        "url": page.attribute("link[rel=canonical]", "href"),
        "titles": list(_titles(page, info)),
        "synopsis": _synopsis(page),
        "labels": page.texts("#description ~ * ul.cloud a, ul.cloud a.gg, ul.cloud a.gc"),
        "type": words.kind(KINDS.get(kind[1], kind[1])) if kind else None,
        "status": words.status(_value(info, "status")),
        "aired_from": start.date,
        "aired_to": end.date,
        "year": start.year,
        "season": season,
        "material": words.material(_adapted(info)),
        "episodes": pages.number(kind[2]) if kind else None,
        "duration_minutes": pages.minutes(pages.text(info.css_first(".type time"))),
        "studios": [name for node in info.css(".company a") if (name := pages.text(node))],
        "pictures": _pictures(page),
        "links": _links(info),
        "relations": list(_relations(page)),
        "statistics": _statistics(page),
        "staff": list(_staff(info)),
    }


def _part(info: LexborNode, name: str) -> str | None:
    return pages.text(info.css_first(f".{name}"))


def _value(info: LexborNode, name: str) -> str | None:
    """What follows the colon of a line such as ``Status: Completed``."""
    return (_part(info, name) or "").partition(":")[2].strip() or None


def _adapted(info: LexborNode) -> str | None:
    value = _value(info, "adapted") or ""
    return MATERIALS.get(value, value)


def _released(info: LexborNode) -> tuple[dates.When, dates.When, Any]:
    """First and last day; a title of one day ends on it."""
    span = _value(info, "released") or ""
    first, *rest = re.split(r"\s+[‑–-]\s+", span)
    start = dates.german(first)
    return start, dates.german(rest[0]) if rest else start, start.season


def _titles(page: pages.Page, info: LexborNode) -> Iterator[dict[str, str]]:
    if main := pages.text(info.css_first(".title strong")):
        yield {"text": main, "language": "ja-Latn", "kind": "main"}
    if native := pages.text(info.css_first(".title .grey:last-child")):
        yield {"text": native, "language": "ja", "kind": "official"}
    for node in page.tree.css("#information .infoblock .title[lang=en] strong"):
        if name := pages.text(node):
            yield {"text": name, "language": "en", "kind": "official"}
    names = re.sub(r"^Synonyms:\s*", "", page.text("#information .synonyms") or "")
    for name in names.split(", "):
        if name.strip():
            yield {"text": name.strip(), "kind": "synonym"}


def _synopsis(page: pages.Page) -> str | None:
    node = page.tree.css_first('#description div[lang="en"]')
    return plain(node.html) if node else None


def _pictures(page: pages.Page) -> list[dict[str, str]]:
    url = page.attribute("#details-cover", "src") or ""
    return [{"url": url}] if url.startswith("https://") and "/full/" not in url else []


def _links(info: LexborNode) -> dict[str, str]:
    url = (info.css_first(".websites a") or info).attributes.get("href")
    return {"Official Site": url} if url else {}


def _relations(page: pages.Page) -> Iterator[dict[str, Any]]:
    for item in page.tree.css("#relations2 li, #relations li"):
        node = item.css_first("a")
        target = (
            re.match(r"/?(anime|manga)/(\d+)", node.attributes.get("href") or "") if node else None
        )
        if target:
            medium, id = target.groups()
            kind = (pages.text(item.css_first("span")) or "").partition(": ")[2]
            prefix = "anisearch" if medium == "anime" else "anisearch_manga"
            yield {
                "kind": "adaptation" if medium == "manga" else words.relation(kind),
                "key": f"{prefix}:{id}",
                "title": pages.text(node),
                "medium": medium,
            }


def _statistics(page: pages.Page) -> dict[str, Any]:
    rating = page.data("TVSeries", "Movie", "CreativeWork").get("aggregateRating")
    if not isinstance(rating, dict):
        return {}
    return {
        "score": pages.decimal(rating.get("ratingValue")),
        "scale": (0.1, 5),
        "votes": pages.number(str(rating.get("ratingCount"))),
    }


def _staff(info: LexborNode) -> Iterator[dict[str, Any]]:
    """People; a role in brackets belongs to all named since the last one."""
    node, waiting = info.css_first(".creators"), []
    for part in node.iter(include_text=True) if node else ():
        if part.tag == "a" and (name := pages.text(part)):
            id = _PERSON.search(part.attributes.get("href") or "")
            keys = {"anisearch": id[1]} if id else {}
            waiting.append({"name": western(name).title().replace("’I", "’i"), "keys": keys})
        elif part.tag == "-text" and (role := re.search(r"\(([^)]+)\)", part.text())):
            yield from ({**person, "role": role[1]} for person in waiting)
            waiting = []
