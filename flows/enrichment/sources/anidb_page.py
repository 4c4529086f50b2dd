"""AniDB's own pages, recorded: for titles the XML interface did not give."""

import re
from collections.abc import Iterator
from typing import Any

from flows.enrichment import dates, words
from flows.enrichment.http import RequestFailed
from flows.enrichment.markup import plain
from flows.enrichment.sources import anidb, asking, pages
from flows.enrichment.types import OutcomeKind, SourceFacts, SourceRecord, Stage

FACTS = SourceFacts(
    name="anidb_page",
    provider="anidb",
    title="AniDB pages",
    base_url="https://anidb.net",
    licence=anidb.FACTS.licence,
    rates=(anidb.FACTS.rates[0],),
    stages=frozenset({Stage.METADATA, Stage.RELATIONSHIPS, Stage.STATISTICS, Stage.STAFF}),
    recorded_only=True,
)
ROWS = {"official": "official", "synonym": "synonym", "short": "short"}

opening = pages.recorded(FACTS, lambda document: parse(document))


def parse(document: bytes) -> SourceRecord:
    """A record from the page of a title.

    Raises:
        RequestFailed: refused for AniDB's anti-leech page, not found for another page.
    """
    page = pages.Page(document).checked("AniDB")
    found = re.search(r"/anime/(\d+)", page.attribute("link[rel=canonical]", "href") or "")
    if not found and b"AntiLeech" in document[:20_000]:
        raise RequestFailed(OutcomeKind.REFUSED, "AniDB's anti-leech page")
    if not found or not page.text("#tab_1_pane tr.romaji"):
        raise RequestFailed(OutcomeKind.NOT_FOUND, "not the page of a title")
    return asking.record(FACTS, found[1], _draft(page, found[1]))


def _draft(page: pages.Page, id: str) -> dict[str, Any]:
    start, end = _aired(page)
    kind = page.text("#tab_1_pane tr.type td.value") or ""
    count = page.text("[itemprop=numberOfEpisodes]")
    description = page.tree.css_first("[itemprop=description]")
    return {
        "url": f"https://anidb.net/anime/{id}",
        "keys": asking.ids_in(page.links("#tab_1_pane tr.resources a")),
        "titles": list(_titles(page)),
        "synopsis": plain(description.html) if description else None,
        "labels": page.texts("#tab_1_pane tr.tags [itemprop=genre]"),
        "type": words.kind(kind.partition(",")[0]),
        "aired_from": start.date,
        "aired_to": end.date,
        "year": start.year,
        "season": start.season,
        "nsfw": page.attribute("meta[itemprop=isFamilyFriendly]", "content") == "false",
        "episodes": pages.number(count or re.sub(r"^[^,]*,?", "", kind)) or _single(kind),
        "studios": _studios(page),
        "pictures": _pictures(page),
        "relations": list(_relations(page)),
        "statistics": _statistics(page),
    }


def _aired(page: pages.Page) -> tuple[dates.When, dates.When]:
    """First and last day as the page shows them; its hidden ones fill in what is unknown."""
    shown = {
        node.attributes.get("itemprop"): dates.german((pages.text(node) or "").replace("??.", ""))
        for node in page.tree.css("#tab_1_pane tr.year [itemprop]")
    }
    if single := shown.get("datePublished"):
        return single, single
    return shown.get("startDate", dates.NEVER), shown.get("endDate", dates.NEVER)


def _single(kind: str) -> int | None:
    return 1 if kind.partition(",")[0].strip() in {"Movie", "TV Special"} else None


def _titles(page: pages.Page) -> Iterator[dict[str, str]]:
    main = page.text("#tab_1_pane tr.romaji [itemprop=name]") or ""
    if name := re.sub(r" \((?:19|20)\d\d\)$", "", main):
        yield {"text": name, "language": "ja-Latn", "kind": "main"}
    for row in page.tree.css("#tab_2_pane tr, #tab_1_pane tr"):
        classes = (row.attributes.get("class") or "").split()
        kind = next((ROWS[name] for name in classes if name in ROWS), None)
        language = row.css_first(".i_icon[title^='language']")
        value = pages.text(row.css_first("label") or row.css_first("td.value"))
        if kind and value:
            tag = pages.text(language) or "und"
            names = value.split(", ") if kind != "official" else [value]
            yield from ({"text": name, "language": tag, "kind": kind} for name in names)


def _studios(page: pages.Page) -> list[str]:
    rows = {
        (pages.text(row.css_first(".credit")) or "").rstrip(":"): row
        for row in page.tree.css("#staffoverview tr")
    }
    for role in anidb.STUDIO_ROLES:
        if role in rows:
            return [name for node in rows[role].css(".name a") if (name := pages.text(node))]
    return []


def _pictures(page: pages.Page) -> list[dict[str, str]]:
    url = page.attribute("[itemprop=image]", "src") or ""
    return [{"url": url}] if url.startswith("https://") else []


def _relations(page: pages.Page) -> Iterator[dict[str, Any]]:
    for node in page.tree.css("#relations_direct .g_bubble.stripe"):
        link = node.css_first("a.name-colored")
        id = re.search(r"/anime/(\d+)$", link.attributes.get("href") or "") if link else None
        if id:
            kind = words.relation(pages.text(node.css_first(".info .type")))
            yield {"kind": kind, "key": f"anidb:{id[1]}", "title": pages.text(link)}


def _statistics(page: pages.Page) -> dict[str, Any]:
    return {
        "score": pages.decimal(page.text("#tab_1_pane tr.rating [itemprop=ratingValue]")),
        "scale": (1, 10),
        "votes": pages.number(page.attribute("[itemprop=ratingCount]", "content")),
    }
