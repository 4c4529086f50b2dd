"""Anime News Network's encyclopaedia: recorded pages."""

import re
from collections.abc import Iterator
from typing import Any

from flows.enrichment import dates, words
from flows.enrichment.http import RequestFailed
from flows.enrichment.markup import plain
from flows.enrichment.names import native
from flows.enrichment.sources import asking, pages
from flows.enrichment.types import OutcomeKind, Rate, SourceFacts, SourceRecord, Stage

FACTS = SourceFacts(
    name="ann",
    provider="ann",
    title="Anime News Network",
    base_url="https://www.animenewsnetwork.com",
    licence="Anime News Network terms of use",
    rates=(Rate(requests=1, seconds=1),),
    stages=frozenset({Stage.METADATA, Stage.RELATIONSHIPS}),
    recorded_only=True,
)
LANGUAGES = {"Japanese": "ja", "French": "fr", "German": "de", "Spanish": "es", "Korean": "ko"}
# The number behind "infotype-" names a section of the page.
ALTERNATIVES, LENGTH, COUNT, VINTAGE, PREMIERE, PLOT = 2, 4, 3, 7, 9, 12
GENRES, THEMES = 30, 31
_WORK = re.compile(r"/(anime|manga)\.php\?id=(\d+)$")
_KIND = re.compile(r"^(.+?)(?: \(([^()]*)\))?$")
_BRACKETS = re.compile(r"^\s*\(([^()]+)\)")
_HEADING = re.compile(r"^(.*?) \((TV|movie|OAV|ONA|special|TV special|music)[^)]*\)")
_DAY = r"\d{4}(?:-\d{2}(?:-\d{2})?)?"
_SPAN = re.compile(rf"({_DAY})(?: to ({_DAY}))?(?: \((?:Japan)\))?(?=$| \d| \()")

opening = pages.recorded(FACTS, lambda document: parse(document))


def parse(document: bytes) -> SourceRecord:
    """A record from the page of a title.

    Raises:
        RequestFailed: refused for a block page, not found for another page.
    """
    page = pages.Page(document).checked("Anime News Network")
    canonical = page.attribute("link[rel=canonical]", "href") or ""
    found = re.search(r"/anime\.php\?id=(\d+)", canonical)
    heading = _HEADING.match(page.text("h1") or "")
    if not found or not heading:
        raise RequestFailed(OutcomeKind.NOT_FOUND, "not the page of a title")
    return asking.record(FACTS, found[1], _draft(page, heading[1], heading[2], canonical))


def _section(page: pages.Page, number: int) -> str:
    """A section's text without its heading."""
    return (page.text(f"#infotype-{number}") or "").partition(":")[2].strip()


def _draft(page: pages.Page, name: str, kind: str, url: str) -> dict[str, Any]:
    start, end = _aired(page)
    count = pages.number(_section(page, COUNT))
    return {
        "url": url,
        "titles": list(_titles(page, name)),
        "synopsis": plain(_section(page, PLOT)),
        "labels": [
            label.strip()
            for section in (GENRES, THEMES)
            for label in _section(page, section).split(", ")
            if label.strip()
        ],
        "type": words.kind(kind),
        "aired_from": start.date,
        "aired_to": end.date,
        "year": start.year,
        "season": start.season,
        "episodes": count or (1 if words.kind(kind) == "MOVIE" else None),
        "duration_minutes": pages.minutes(_section(page, LENGTH)),
        "studios": list(_studios(page)),
        "relations": list(_relations(page)),
    }


def _studios(page: pages.Page) -> Iterator[str]:
    for entry in page.tree.css(".ENTAB"):
        if pages.text(entry.css_first("b")) == "Animation Production":
            yield from (name for node in entry.css("a") if (name := pages.text(node)))


def _relations(page: pages.Page) -> Iterator[dict[str, Any]]:
    """Works with their kind in brackets behind them; what was adapted stands in small letters."""
    for node in page.tree.css("#infotype-related a"):
        target = _WORK.search(node.attributes.get("href") or "")
        name = _KIND.match(pages.text(node) or "")
        if target and name:
            said = _BRACKETS.match(node.next.text() if node.next else "")
            adapted = node.parent is not None and node.parent.tag == "small"
            anime = target[1] == "anime"
            yield {
                "kind": "adaptation" if adapted else words.relation(said[1] if said else None),
                "key": f"ann:{target[2]}" if anime else f"ann_manga:{target[2]}",
                "title": name[1],
                "medium": "anime" if anime else words.medium(name[2]),
            }


def _aired(page: pages.Page) -> tuple[dates.When, dates.When]:
    """First and last day of the first broadcast, which stands first and names no country."""
    for section in (PREMIERE, VINTAGE):
        if span := _SPAN.match(_section(page, section)):
            start = dates.iso(span[1])
            movie = section == PREMIERE
            return start, dates.iso(span[2]) if span[2] else start if movie else dates.NEVER
    return dates.NEVER, dates.NEVER


def _titles(page: pages.Page, name: str) -> Iterator[dict[str, str]]:
    yield {"text": name, "kind": "main"}
    for node in page.tree.css(f"#infotype-{ALTERNATIVES} .tab"):
        found = re.match(r"(.+?)(?: \(([^()]+)(?: \([^()]*\))?\))?$", pages.text(node) or "")
        if found:
            language = LANGUAGES.get(found[2] or "", "und")
            # Romanised names, too, are said to be Japanese.
            if language == "ja" and not native(found[1]):
                language = "ja-Latn"
            kind = "official" if language == "ja" else "synonym"
            yield {"text": found[1], "language": language, "kind": kind}
