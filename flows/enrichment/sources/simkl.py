"""Simkl: recorded pages, chiefly for the ids they name."""

import re
from typing import Any

from flows.enrichment import dates
from flows.enrichment.http import RequestFailed
from flows.enrichment.markup import plain
from flows.enrichment.sources import asking, pages
from flows.enrichment.types import OutcomeKind, Rate, SourceFacts, SourceRecord, Stage

FACTS = SourceFacts(
    name="simkl",
    provider="simkl",
    title="Simkl",
    base_url="https://simkl.com",
    licence="Simkl terms of use",
    rates=(Rate(requests=1, seconds=2),),
    stages=frozenset({Stage.METADATA}),
    recorded_only=True,
)
_FACTS_LINE = re.compile(r"(\d{4})(?: - (?:\d{4}|now|Now|\?)?)? • ")
_COUNT = re.compile(r"• (\d+) episodes?\b")

opening = pages.recorded(FACTS, lambda document: parse(document))


def parse(document: bytes) -> SourceRecord:
    """A record from the page of a title.

    Raises:
        RequestFailed: refused for a block page, not found for another page.
    """
    page = pages.Page(document).checked("Simkl")
    found = re.search(r"/anime/(\d+)", page.attribute("link[rel=canonical]", "href") or "")
    if not found or not page.text("h1"):
        raise RequestFailed(OutcomeKind.NOT_FOUND, "not the page of a title")
    return asking.record(FACTS, found[1], _draft(page, found[1]))


def _draft(page: pages.Page, id: str) -> dict[str, Any]:
    block = page.text(".SimklTVAboutBlockTitle") or ""
    first = _FACTS_LINE.search(block)
    year = dates.iso(first[1]).year if first else None
    count = _COUNT.search(block)
    names = [("main", page.text("h1")), ("synonym", page.text("h2"))]
    return {
        "url": f"{FACTS.base_url}/anime/{id}",
        "keys": asking.ids_in(page.links("a[href*='://']")),
        "titles": [{"text": name, "kind": kind} for kind, name in names if name],
        "synopsis": _synopsis(page),
        "labels": [
            label.strip()
            for label in (page.text(".SimklTVAboutGenre") or "").split(",")
            if label.strip()
        ],
        "year": year,
        "episodes": int(count[1]) if count and len(count[1]) < 6 else None,
    }


def _synopsis(page: pages.Page) -> str | None:
    """The text with the part behind its button, without the button's words."""
    node = page.tree.css_first(".SimklTVAboutDetailsText")
    for button in page.tree.css("#adDescText, #moreDescButton, #moreDesc span"):
        button.decompose()
    return plain(node.html) if node else None
