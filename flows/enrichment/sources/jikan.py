"""Jikan v4: MyAnimeList over an unofficial API, three or four requests a title."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from animevec.catalog.record import Status
from animevec.settings import Settings
from flows.enrichment import dates, words
from flows.enrichment.http import Client, RequestFailed, Tally
from flows.enrichment.markup import line, plain
from flows.enrichment.names import western
from flows.enrichment.reading import Answer, read
from flows.enrichment.sources import asking
from flows.enrichment.sources.answers.jikan import (
    CharacterEntry,
    Characters,
    EpisodeEntry,
    Episodes,
    Full,
    FullAnswer,
    Images,
    Named,
    RelationEntry,
    Staff,
    StaffEntry,
    Trailer,
    Who,
)
from flows.enrichment.types import (
    Fault,
    OutcomeKind,
    Rate,
    SourceFacts,
    SourceOutcome,
    SourceRecord,
    Stage,
    Wanted,
)

FACTS = SourceFacts(
    name="jikan",
    provider="mal",
    title="Jikan",
    base_url="https://api.jikan.moe/v4",
    licence="MyAnimeList terms of use",
    rates=(Rate(requests=3, seconds=1), Rate(requests=60, seconds=60)),
    keep_s=86_400,
    error_marks=('{"status":',),
)
MAX_EPISODE_PAGES = 25
List = TypeVar("List", bound=Answer)
_DURATION = re.compile(r"(?:(\d+) hr\.?)?\s*(?:(\d+) min\.?)?\s*(?:(\d+) sec\.?)?")


class Jikan:
    """Asks Jikan."""

    facts = FACTS

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client

    def knows(self, wanted: Wanted) -> bool:
        """By MyAnimeList's id."""
        return "mal" in wanted.keys

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """One title at a time."""
        return [await self._title(one) for one in wanted]

    async def _title(self, wanted: Wanted) -> SourceOutcome:
        id, tally = wanted.keys["mal"], Tally()
        key = f"mal:{id}"
        try:
            reply = await self._client.get(FACTS, f"/anime/{id}/full", tally=tally)
            lists, parts = await self._lists(id, wanted, tally)
            record = parse(reply.json(), **lists)
        except RequestFailed as failure:
            return asking.failed(FACTS, key, failure, tally)
        return asking.found(FACTS, key, record, reply.at, tally, parts)

    async def _lists(
        self, id: str, wanted: Wanted, tally: Tally
    ) -> tuple[dict[str, Any], dict[Stage, OutcomeKind]]:
        lists: dict[str, Any] = {}
        parts: dict[Stage, OutcomeKind] = {}
        for stage in (Stage.CHARACTERS, Stage.EPISODES, Stage.STAFF):
            if stage not in wanted.stages:
                continue
            try:
                lists[stage.value] = await self._pages(f"/anime/{id}/{stage.value}", tally)
            except RequestFailed as failure:
                parts[stage] = failure.kind
        return lists, parts

    async def _pages(self, path: str, tally: Tally) -> list[Any]:
        """The answers of a list; only that of episodes has more than one page."""
        answers: list[Any] = []
        for page in range(1, MAX_EPISODE_PAGES + 1):
            params = {"page": str(page)} if page > 1 else None
            answers.append((await self._client.get(FACTS, path, params=params, tally=tally)).json())
            if not read(Episodes, answers[-1])[0].pagination.has_next_page:
                break
        return answers


def parse(
    full: object,
    characters: Sequence[object] = (),
    episodes: Sequence[object] = (),
    staff: Sequence[object] = (),
) -> SourceRecord:
    """A record from the answers of ``/full`` and of the lists.

    Raises:
        RequestFailed: malformed.
    """
    item, faults = read(FullAnswer, full)
    lost: list[Fault] = list(faults)
    lists = {
        "characters": list(_characters(characters, lost)),
        "staff": list(_all_staff(staff, lost)),
        "episode_list": list(_episodes(episodes, lost)),
    }
    return asking.record(FACTS, str(item.data.mal_id), {**_draft(item.data), **lists}, lost)


def _draft(data: Full) -> dict[str, Any]:
    first, last = _aired(data)
    return {
        "url": data.url,
        "keys": asking.ids_in([link.url for link in data.external]),
        "titles": list(_titles(data)),
        "synopsis": plain(data.synopsis),
        "background": plain(data.background),
        "labels": _names([*data.genres, *data.explicit_genres, *data.themes, *data.demographics]),
        "type": words.kind(data.type),
        "status": words.status(data.status),
        "aired_from": first.date,
        "aired_to": last.date,
        "year": data.year or first.year,
        "season": words.season(data.season) or first.season,
        "rating": words.rating(data.rating),
        "nsfw": (words.rating(data.rating) == "RX") if data.rating else None,
        "material": words.material(data.source),
        "episodes": data.episodes or None,
        "duration_minutes": minutes(data.duration),
        "studios": _names(data.studios),
        "producers": _names(data.producers),
        "licensors": _names(data.licensors),
        "pictures": _pictures(data.images),
        "trailer": _trailer(data.trailer),
        "links": {link.name: link.url for link in data.streaming if link.url},
        "relations": list(_relations(data.relations)),
        "statistics": _statistics(data),
    }


def _aired(data: Full) -> tuple[dates.When, dates.When]:
    """First and last day; a title whose time names one day ended on it, if it has ended."""
    start, end = data.aired.prop.from_, data.aired.prop.to
    first = dates.when(start.year, start.month, start.day)
    last = dates.when(end.year, end.month, end.day)
    finished = words.status(data.status) == Status.FINISHED
    alone = finished and data.aired.string and " to " not in data.aired.string
    return first, first if alone else last


def _all(model: type[List], answers: Sequence[object], lost: list[Fault]) -> Iterator[List]:
    for answer in answers:
        listing, faults = read(model, answer)
        lost.extend(faults)
        yield listing


def _characters(answers: Sequence[object], lost: list[Fault]) -> Iterator[dict[str, Any]]:
    for listing in _all(Characters, answers, lost):
        yield from map(_character, listing.data)


def _all_staff(answers: Sequence[object], lost: list[Fault]) -> Iterator[dict[str, Any]]:
    for listing in _all(Staff, answers, lost):
        for entry in listing.data:
            yield from _staff(entry)


def _episodes(answers: Sequence[object], lost: list[Fault]) -> Iterator[dict[str, Any]]:
    for listing in _all(Episodes, answers, lost):
        yield from map(_episode, listing.data)


def _names(named: Sequence[Named]) -> list[str]:
    return [entry.name for entry in named if words.said(entry.name)]


def _titles(data: Full) -> Iterator[dict[str, str]]:
    languages = {"english": "en", "japanese": "ja", "german": "de", "spanish": "es", "french": "fr"}
    listed: list[tuple[str, str | None]] = [(e.type.lower(), e.title) for e in data.titles]
    if not listed:
        listed = [
            ("default", data.title),
            ("english", data.title_english),
            ("japanese", data.title_japanese),
            *(("synonym", name) for name in data.title_synonyms),
        ]
    for kind, title in listed:
        if not (text := line(title)):
            continue
        if kind == "default":
            yield {"text": text, "language": "ja-Latn", "kind": "main"}
        elif kind in languages:
            yield {"text": text, "language": languages[kind], "kind": "official"}
        else:
            yield {"text": text, "kind": "synonym"}


def minutes(duration: str | None) -> float | None:
    """Minutes from ``24 min per ep``, ``1 hr 11 min`` or ``30 sec per ep``."""
    match = _DURATION.match(duration or "")
    hours, mins, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = 60 * hours + mins + seconds / 60
    return round(total, 2) or None


def _pictures(images: Images) -> list[dict[str, str]]:
    cover = images.webp.large_image_url or images.jpg.large_image_url or images.jpg.image_url
    small = images.webp.small_image_url or images.jpg.small_image_url
    found = [("cover", cover), ("thumbnail", small)]
    return [{"kind": kind, "url": url} for kind, url in found if url and "questionmark" not in url]


def _trailer(trailer: Trailer) -> str | None:
    embedded = re.search(r"/embed/([\w-]{6,20})", trailer.embed_url or "")
    id = trailer.youtube_id or (embedded[1] if embedded else None)
    return f"https://www.youtube.com/watch?v={id}" if id else trailer.url


def _relations(entries: Sequence[RelationEntry]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        for work in entry.entry:
            if work.mal_id:
                medium = "manga" if work.type == "manga" else words.medium(work.type)
                prefix = "mal" if medium == "anime" else "mal_manga"
                yield {
                    "kind": words.relation(entry.relation),
                    "key": f"{prefix}:{work.mal_id}",
                    "title": line(work.name),
                    "medium": medium,
                }


def _statistics(data: Full) -> dict[str, Any]:
    return {
        "score": data.score or None,
        "scale": (1, 10),
        "votes": data.scored_by,
        "members": data.members,
        "favorites": data.favorites,
        "rank": data.rank or None,
        "popularity_rank": data.popularity or None,
    }


def _character(entry: CharacterEntry) -> dict[str, Any]:
    who = entry.character
    image = who.images.webp.image_url or who.images.jpg.image_url
    return {
        "name": western(who.name),
        "role": words.role(entry.role),
        "picture": {"url": image} if image and "questionmark" not in image else None,
        "voices": [_person(voice.person, language=voice.language) for voice in entry.voice_actors],
        "keys": {"mal": str(who.mal_id)} if who.mal_id else {},
    }


def _staff(entry: StaffEntry) -> list[dict[str, Any]]:
    return [_person(entry.person, role=position) for position in entry.positions or (None,)]


def _person(who: Who, role: str | None = None, language: str | None = None) -> dict[str, Any]:
    keys = {"mal": str(who.mal_id)} if who.mal_id else {}
    return {"name": western(who.name), "role": role, "language": language, "keys": keys}


def _episode(entry: EpisodeEntry) -> dict[str, Any]:
    titles = [
        (entry.title, "en"),
        (entry.title_japanese, "ja"),
        (entry.title_romanji, "ja-Latn"),
    ]
    return {
        "number": entry.mal_id,
        "title": line(entry.title),
        "titles": [
            {"text": text, "language": language, "kind": "official"}
            for title, language in titles
            if (text := line(title))
        ],
        "aired": dates.aired(entry.aired),
        "filler": entry.filler,
        "recap": entry.recap,
        "score": entry.score,
    }
