"""AniDB: one XML document a title, for registered clients, very few a day."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from animevec.settings import Settings
from flows.enrichment import dates, words
from flows.enrichment.http import Client, RequestFailed, Tally
from flows.enrichment.markup import line, plain
from flows.enrichment.sources import asking
from flows.enrichment.types import (
    OutcomeKind,
    Rate,
    SourceFacts,
    SourceOutcome,
    SourceRecord,
    Wanted,
)

FACTS = SourceFacts(
    name="anidb",
    provider="anidb",
    title="AniDB",
    base_url="http://api.anidb.net:9001",
    licence="AniDB terms of use; cache at least a day",
    rates=(Rate(requests=1, seconds=2), Rate(requests=150, seconds=86_400)),
    keep_s=7 * 86_400,
    error_marks=("<error", '<?xml version="1.0" encoding="UTF-8"?><error'),
)
PICTURES = "https://cdn.anidb.net/images/main/"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
LANGUAGES = {
    "x-jat": "ja-Latn",
    "x-kot": "ko-Latn",
    "x-zht": "zh-Latn",
    "x-tht": "th-Latn",
    "x-unk": "und",
    "x-other": "und",
}
RESOURCES = {"1": "ann", "2": "mal"}
# By falling certainty: a title of one studio alone may name it under "Work" only.
STUDIO_ROLES = ("Animation Work", "Animation Production", "Work")
TITLE_KINDS = frozenset({"main", "official", "synonym", "short"})
REGULAR_EPISODE = "1"
TAG_WEIGHT = 200
_YEAR = re.compile(r" \((?:19|20)\d\d\)$")
ERRORS = {"302": OutcomeKind.REFUSED, "330": OutcomeKind.NOT_FOUND, "500": OutcomeKind.REFUSED}


class AniDb:
    """Asks AniDB; refused without a registered client name."""

    facts = FACTS

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings.enrichment

    def knows(self, wanted: Wanted) -> bool:
        """By its own id."""
        return "anidb" in wanted.keys

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """One title at a time."""
        return [await self._title(one.keys["anidb"]) for one in wanted]

    async def _title(self, id: str) -> SourceOutcome:
        tally, key = Tally(), f"anidb:{id}"
        try:
            reply = await self._client.get(FACTS, "/httpapi", params=self._params(id), tally=tally)
            return asking.found(FACTS, key, parse(reply.body), reply.at, tally)
        except RequestFailed as failure:
            return asking.failed(FACTS, key, failure, tally)

    def _params(self, id: str) -> dict[str, str]:
        client = self._settings.anidb_client.get_secret_value()
        if not client:
            raise RequestFailed(
                OutcomeKind.REFUSED,
                "AniDB wants a registered client: set ANIMEVEC_ENRICHMENT__ANIDB_CLIENT",
            )
        return {
            "request": "anime",
            "aid": id,
            "client": client,
            "clientver": str(self._settings.anidb_client_version),
            "protover": "1",
        }


def parse(document: bytes) -> SourceRecord:
    """A record from the answer of ``request=anime``.

    Raises:
        RequestFailed: malformed, refused or not found, by what AniDB answered; documents with
            entities or a DTD are malformed.
    """
    if re.match(rb"(?i)\s*<(?:!doctype\s+html|html)", document[:500]):
        raise RequestFailed(OutcomeKind.REFUSED, "a page was served in place of data")
    try:
        root = fromstring(document, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise RequestFailed(OutcomeKind.MALFORMED, f"unreadable XML: {error!r}"[:200]) from error
    if root.tag == "error":
        kind = ERRORS.get(root.get("code", ""), OutcomeKind.REFUSED)
        banned = "not found" not in (root.text or "").lower()
        raise RequestFailed(kind if banned else OutcomeKind.NOT_FOUND, f"AniDB: {root.text}")
    id = root.get("id", "")
    if root.tag != "anime" or not id.isdigit():
        raise RequestFailed(OutcomeKind.MALFORMED, f"an answer of {root.tag!r} without an id")
    return asking.record(FACTS, id, _draft(root, id))


def _draft(root: Element, id: str) -> dict[str, Any]:
    start, end = dates.iso(root.findtext("startdate")), dates.iso(root.findtext("enddate"))
    creators = root.findall("creators/name")
    url = root.findtext("url")
    return {
        "url": f"https://anidb.net/anime/{id}",
        "keys": _keys(root),
        "titles": list(_titles(root)),
        "synopsis": plain(root.findtext("description")),
        "labels": list(_labels(root)),
        "type": words.kind(root.findtext("type")),
        "aired_from": start.date,
        "aired_to": end.date,
        "year": start.year,
        "season": start.season,
        "nsfw": _flag(root.get("restricted")),
        "episodes": _whole(root.findtext("episodecount")) or None,
        "duration_minutes": _usual_length(root),
        "studios": _studios(creators),
        "pictures": [{"url": PICTURES + name} for name in _texts(root, "picture")],
        "links": {"Official Site": url} if url else {},
        "relations": list(_relations(root)),
        "statistics": _statistics(root),
        "characters": list(_characters(root)),
        "staff": [_person(n) for n in creators if n.get("type") not in STUDIO_ROLES],
        "episode_list": list(_episodes(root)),
    }


def _studios(creators: Sequence[Element]) -> list[str]:
    by_role = (
        [n.text for n in creators if n.get("type") == role and n.text] for role in STUDIO_ROLES
    )
    return next((names for names in by_role if names), [])


def _flag(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get(text or "")


def _whole(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _decimal(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _texts(root: Element, path: str) -> list[str]:
    return [node.text.strip() for node in root.findall(path) if node.text and node.text.strip()]


def _keys(root: Element) -> dict[str, tuple[str, ...]]:
    ids: dict[str, list[str]] = {}
    for resource in root.findall("resources/resource"):
        provider = RESOURCES.get(resource.get("type", ""))
        for entity in resource.findall("externalentity"):
            id = (entity.findtext("identifier") or "").strip()
            if provider and id.isascii() and id.isdigit():
                ids.setdefault(provider, []).append(id)
    return asking.united(ids)


def _language(node: Element) -> str:
    language = node.get(LANG, "und")
    return LANGUAGES.get(language, language)


def _titles(root: Element) -> Iterator[dict[str, str]]:
    for title in root.findall("titles/title"):
        kind = title.get("type", "synonym")
        text = line(title.text)
        # AniDB tells titles of one name apart by the year; it is no part of the name.
        if text and kind == "main" and (name := _YEAR.sub("", text)) != text:
            yield {"text": name, "language": _language(title), "kind": "main"}
            kind = "synonym"
        if text:
            known = kind if kind in TITLE_KINDS else "synonym"
            yield {"text": text, "language": _language(title), "kind": known}


def _labels(root: Element) -> Iterator[str]:
    for tag in root.findall("tags/tag"):
        spoils = _flag(tag.get("localspoiler")) or _flag(tag.get("globalspoiler"))
        weight = _whole(tag.get("weight")) or 0
        name = line(tag.findtext("name"))
        if name and not spoils and weight >= TAG_WEIGHT:
            yield name


def _usual_length(root: Element) -> int | None:
    lengths = Counter(
        length for _, episode in _regular(root) if (length := _whole(episode.findtext("length")))
    )
    return lengths.most_common(1)[0][0] if lengths else None


def _regular(root: Element) -> Iterator[tuple[int, Element]]:
    """Regular episodes by number; beyond the count stand the same ones cut in other parts."""
    count = _whole(root.findtext("episodecount"))
    for episode in root.findall("episodes/episode"):
        number = _whole(episode.findtext(f"epno[@type='{REGULAR_EPISODE}']"))
        if number is not None and (not count or number <= count):
            yield number, episode


def _relations(root: Element) -> Iterator[dict[str, Any]]:
    for related in root.findall("relatedanime/anime"):
        if id := _whole(related.get("id")):
            yield {
                "kind": words.relation(related.get("type")),
                "key": f"anidb:{id}",
                "title": line(related.text),
            }


def _statistics(root: Element) -> dict[str, Any]:
    rating = root.find("ratings/permanent")
    if rating is None:
        return {}
    return {
        "score": _decimal(rating.text) or None,
        "scale": (1, 10),
        "votes": _whole(rating.get("count")),
    }


def _characters(root: Element) -> Iterator[dict[str, Any]]:
    for character in root.findall("characters/character"):
        picture = character.findtext("picture")
        yield {
            "name": line(character.findtext("name")),
            "role": words.role(character.get("type")),
            "description": plain(character.findtext("description")),
            "picture": {"url": PICTURES + picture} if picture else None,
            "voices": [_person(node, "Japanese") for node in character.findall("seiyuu")],
            "keys": {"anidb": character.get("id")} if character.get("id") else {},
        }


def _person(node: Element, language: str | None = None) -> dict[str, Any]:
    id = node.get("id")
    return {
        "name": line(node.text),
        "role": node.get("type"),
        "language": language,
        "keys": {"anidb": id} if id else {},
    }


def _episodes(root: Element) -> Iterator[dict[str, Any]]:
    for number, episode in _regular(root):
        titles = [
            {"text": text, "language": _language(node), "kind": "official"}
            for node in episode.findall("title")
            if (text := line(node.text))
        ]
        english = next((title["text"] for title in titles if title["language"] == "en"), None)
        yield {
            "number": number,
            "title": english,
            "titles": titles,
            "synopsis": plain(episode.findtext("summary")),
            "aired": dates.iso(episode.findtext("airdate")).date,
            "duration_minutes": _whole(episode.findtext("length")) or None,
        }
