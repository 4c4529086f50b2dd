"""MyAnimeList's own pages, recorded: the same data as Jikan serves, when Jikan is down."""

import re
from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborNode

from flows.enrichment import dates, words
from flows.enrichment.http import RequestFailed
from flows.enrichment.markup import plain
from flows.enrichment.names import western
from flows.enrichment.sources import asking, jikan, pages
from flows.enrichment.types import OutcomeKind, Rate, SourceFacts, SourceRecord, Stage

FACTS = SourceFacts(
    name="myanimelist",
    provider="mal",
    title="MyAnimeList",
    base_url="https://myanimelist.net",
    licence="MyAnimeList terms of use",
    rates=(Rate(requests=1, seconds=2),),
    stages=frozenset({*Stage} - {Stage.EPISODES}),
    recorded_only=True,
)
LANGUAGES = {
    "English": "en",
    "Japanese": "ja",
    "German": "de",
    "Spanish": "es",
    "French": "fr",
}
LISTS = ("Producers", "Licensors", "Studios")
LABELS = ("Genre", "Genres", "Explicit Genres", "Theme", "Themes", "Demographic", "Demographics")
RELATED = ".entries-table tr, .table-list tr, .anime_detail_related_anime tr"
_TARGET = re.compile(r"^https://myanimelist\.net/(anime|manga)/(\d+)")

opening = pages.recorded(FACTS, lambda document: parse(document))

Rows = dict[str, LexborNode]


def parse(document: bytes) -> SourceRecord:
    """A record from the page of a title, as narrow or wide screens get it.

    Raises:
        RequestFailed: refused for a block page, not found for another page.
    """
    page = pages.Page(document).checked("MyAnimeList")
    canonical = page.attribute("link[rel=canonical]", "href")
    url = canonical or page.attribute('meta[property="og:url"]', "content") or ""
    found = _TARGET.match(url)
    rows = _rows(page)
    if not found or found[1] != "anime" or "Type" not in rows:
        raise RequestFailed(OutcomeKind.NOT_FOUND, "not the page of a title")
    return asking.record(FACTS, found[2], _draft(page, rows, url))


def _rows(page: pages.Page) -> Rows:
    """The value of every labelled line."""
    rows: Rows = {}
    for label in page.tree.css("td.list-title, span.dark_text"):
        name = " ".join((pages.text(label) or "").rstrip(":").split())
        row = label.parent
        value = row.css_first("td:last-child") if row and label.tag == "td" else row
        if value is not None:
            rows.setdefault(name, value)
    return rows


def _draft(page: pages.Page, rows: Rows, url: str) -> dict[str, Any]:
    start, end = _aired(rows)
    season, year = _premiered(rows)
    rating = words.rating(_word(rows, "Rating"))
    lists = {name: _links(rows.get(name)) for name in LISTS}
    return {
        "url": url,
        "keys": asking.ids_in(page.links(".external_links a")),
        "titles": list(_titles(page, rows)),
        "synopsis": _synopsis(page),
        "labels": [name for field in LABELS for name in _links(rows.get(field))],
        "type": words.kind(_word(rows, "Type")),
        "status": words.status(_word(rows, "Status")),
        "aired_from": start.date,
        "aired_to": end.date,
        "year": year or start.year,
        "season": season or start.season,
        "rating": rating,
        "nsfw": (rating == "RX") if rating else None,
        "material": words.material(_word(rows, "Source")),
        "episodes": pages.number(_word(rows, "Episodes")) or None,
        "duration_minutes": jikan.minutes(_word(rows, "Duration")),
        "studios": lists["Studios"],
        "producers": lists["Producers"],
        "licensors": lists["Licensors"],
        "pictures": _pictures(page),
        "relations": list(_relations(page)),
        "statistics": _statistics(page, rows),
        "staff": list(_staff(page)),
    }


def _word(rows: Rows, name: str) -> str | None:
    value = re.sub(rf"^{re.escape(name)}:\s*", "", pages.text(rows.get(name)) or "")
    return words.said(value)


def _aired(rows: Rows) -> tuple[dates.When, dates.When]:
    """First and last day; a title that names one day ended on it, if it has ended."""
    span = _word(rows, "Aired") or ""
    first, to, last = span.partition(" to ")
    start = dates.english(first)
    finished = words.status(_word(rows, "Status")) == "FINISHED"
    return start, dates.english(last) if to else start if finished else dates.NEVER


def _premiered(rows: Rows) -> tuple[Any, int | None]:
    name, _, year = (_word(rows, "Premiered") or "").partition(" ")
    return words.season(name), int(year) if year.isascii() and year.isdigit() else None


def _links(value: LexborNode | None) -> list[str]:
    names = (pages.text(node) for node in value.css("a")) if value else ()
    return [name for name in names if name and name != "add some"]


def _titles(page: pages.Page, rows: Rows) -> Iterator[dict[str, str]]:
    if main := page.text("h1"):
        yield {"text": main, "language": "ja-Latn", "kind": "main"}
    yield from _alternatives(rows.get("AlternativeTitles") or rows.get("Alternative Titles"))
    for label in ("Synonyms", *LANGUAGES):
        if value := _word(rows, label):
            yield from _named(label, value)


def _alternatives(cell: LexborNode | None) -> Iterator[dict[str, str]]:
    """Names under small headings, as the narrow page lists them."""
    label = None
    for part in cell.iter(include_text=True) if cell else ():
        if part.tag == "span":
            label = pages.text(part) if "fn-grey5" in (part.attributes.get("class") or "") else None
        elif part.tag == "-text" and label and (name := " ".join(part.text().split())):
            yield from _named(label, name)


def _named(label: str, value: str) -> Iterator[dict[str, str]]:
    if label in LANGUAGES:
        yield {"text": value, "language": LANGUAGES[label], "kind": "official"}
    else:
        yield from ({"text": name.strip(), "kind": "synonym"} for name in value.split(", "))


def _synopsis(page: pages.Page) -> str | None:
    node = page.tree.css_first("[itemprop=description]")
    found = plain(node.html) if node and node.tag != "meta" else None
    return None if found and "synopsis" in found[:20].lower() else found


def _pictures(page: pages.Page) -> list[dict[str, str]]:
    node = page.tree.css_first("[itemprop=image]")
    found = node.attributes if node else {}
    url = found.get("content") or found.get("data-src") or found.get("src") or ""
    return [{"url": url}] if url.startswith("https://") and "/images/" in url else []


def _relations(page: pages.Page) -> Iterator[dict[str, Any]]:
    for tile in page.tree.css(".anime-detail-related-entries, .related-entries .entry"):
        kind = pages.text(tile.css_first(".text, .relation"))
        for node in tile.css("a.thumb, .title a"):
            name = (node.css_first("img") or node).attributes.get("alt") or pages.text(node)
            yield from _relation((kind or "").partition(" (")[0], node, name)
    for row in page.tree.css(RELATED):
        cells = row.css("td")
        if len(cells) == 2:
            for node in cells[1].css("a"):
                yield from _relation(pages.text(cells[0]), node, pages.text(node))


def _relation(kind: str | None, node: LexborNode, name: str | None) -> Iterator[dict[str, Any]]:
    target = _TARGET.match(node.attributes.get("href") or "")
    word = words.slug((kind or "").rstrip(":"))
    if target and word and (word in words.RELATIONS or word == "other"):
        prefix = "mal" if target[1] == "anime" else "mal_manga"
        yield {
            "kind": words.relation(word),
            "key": f"{prefix}:{target[2]}",
            "title": name,
            "medium": target[1],
        }


def _statistics(page: pages.Page, rows: Rows) -> dict[str, Any]:
    numbers = {
        " ".join((pages.text(cells[0]) or "").split()): pages.text(cells[1])
        for row in page.tree.css("#statistics tr")
        if len(cells := row.css("td")) == 2
    }
    members = numbers.get("Total") or _word(rows, "Members")
    return {
        "score": pages.decimal(page.text("[itemprop=ratingValue]")),
        "scale": (1, 10),
        "votes": pages.number(page.text("[itemprop=ratingCount]")),
        "members": pages.number(members),
        "favorites": pages.number(numbers.get("Favorites") or _word(rows, "Favorites")),
        "rank": pages.number(numbers.get("Ranked") or _word(rows, "Ranked")) or None,
        "popularity_rank": pages.number(numbers.get("Popularity") or _word(rows, "Popularity"))
        or None,
    }


def _staff(page: pages.Page) -> Iterator[dict[str, Any]]:
    for node in page.tree.css(".slider.anime-detail-staff"):
        who = node.css_first("a.title")
        id = re.search(r"/people/(\d+)", who.attributes.get("href") or "") if who else None
        if who and id and (name := pages.text(who)):
            for role in (pages.text(node.css_first(".role")) or "").split(", "):
                yield {"name": western(name), "role": role or None, "keys": {"mal": id[1]}}
