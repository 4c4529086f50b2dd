"""AnimeSchedule v3: release times; titles are matched by the addresses it links to."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import Field

from animevec.settings import Settings
from flows.enrichment import dates, words
from flows.enrichment.http import Client, Reply, RequestFailed, Tally
from flows.enrichment.markup import line, plain
from flows.enrichment.reading import Answer, Many, read
from flows.enrichment.sources import asking
from flows.enrichment.types import (
    OutcomeKind,
    Rate,
    SourceFacts,
    SourceOutcome,
    SourceRecord,
    Stage,
    Wanted,
)

FACTS = SourceFacts(
    name="animeschedule",
    provider="animeschedule",
    title="AnimeSchedule",
    base_url="https://animeschedule.net/api/v3",
    licence="AnimeSchedule API terms; attribution, commercial use by permission",
    rates=(Rate(requests=1, seconds=1), Rate(requests=60, seconds=60)),
    stages=frozenset({Stage.METADATA, Stage.RELATIONSHIPS, Stage.STATISTICS}),
    keep_s=86_400,
    error_marks=('{"error',),
)
PICTURES = "https://img.animeschedule.net/production/assets/public/img/"
SITES = ("mal", "aniList", "kitsu", "anidb", "animePlanet")


class Word(Answer):
    name: str


class SeasonPart(Answer):
    season: str | None = None
    year: str | None = None


class Names(Answer):
    native: str | None = None
    english: str | None = None
    romaji: str | None = None
    synonyms: Many[str] = ()


class Stats(Answer):
    averageScore: float | None = None
    ratingCount: int | None = None
    trackedCount: int | None = None
    trackedRating: int | None = None


class Stream(Answer):
    platform: str | None = None
    name: str | None = None
    url: str | None = None


class Websites(Answer):
    official: str | None = None
    mal: str | None = None
    aniList: str | None = None
    kitsu: str | None = None
    anidb: str | None = None
    animePlanet: str | None = None
    streams: Many[Stream] = ()


class Title(Answer):
    route: str
    title: str | None = None
    premier: str | None = None
    year: int | None = None
    season: SeasonPart = SeasonPart()
    updatedAt: str | None = None
    description: str | None = None
    genres: Many[Word] = ()
    studios: Many[Word] = ()
    sources: Many[Word] = ()
    mediaTypes: Many[Word] = ()
    episodes: int | None = None
    lengthMin: int | None = None
    status: str | None = None
    imageVersionRoute: str | None = None
    stats: Stats = Stats()
    names: Names = Names()
    relations: dict[str, Many[str] | None] = Field({})
    websites: Websites = Websites()


class Listing(Answer):
    anime: Many[Title] = ()


class AnimeSchedule:
    """Asks AnimeSchedule by MyAnimeList's id; refused without a token."""

    facts = FACTS

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._token = settings.enrichment.animeschedule_token.get_secret_value()

    def knows(self, wanted: Wanted) -> bool:
        """By MyAnimeList's id or AniList's, or its own route."""
        return bool({"mal", "anilist", "animeschedule"} & wanted.keys.keys())

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """One title at a time."""
        return [await self._title(one) for one in wanted]

    async def _title(self, wanted: Wanted) -> SourceOutcome:
        tally = Tally()
        provider = next(name for name in ("mal", "anilist", "animeschedule") if name in wanted.keys)
        id = wanted.keys[provider]
        try:
            reply = await self._ask(provider, id, tally)
            record = _matching(parse_all(reply.json()), provider, id)
        except RequestFailed as failure:
            return asking.failed(FACTS, f"{provider}:{id}", failure, tally)
        return asking.found(FACTS, record.key, record, reply.at, tally)

    async def _ask(self, provider: str, id: str, tally: Tally) -> Reply:
        if not self._token:
            raise RequestFailed(
                OutcomeKind.REFUSED,
                "AnimeSchedule wants a token: set ANIMEVEC_ENRICHMENT__ANIMESCHEDULE_TOKEN",
            )
        headers = {"authorization": f"Bearer {self._token}"}
        if provider == "animeschedule":
            return await self._client.get(FACTS, f"/anime/{id}", headers=headers, tally=tally)
        params = {f"{provider}-ids": id}
        return await self._client.get(FACTS, "/anime", params=params, headers=headers, tally=tally)


def _matching(records: Sequence[SourceRecord], provider: str, id: str) -> SourceRecord:
    """The record whose own links name the title asked for; a title alone proves nothing."""
    for record in records:
        if record.key == f"{provider}:{id}" or id in record.keys.get(provider, ()):
            return record
    raise RequestFailed(OutcomeKind.NOT_FOUND, f"no answer links to {provider}:{id}")


def parse(answer: object) -> SourceRecord:
    """The first record of an answer.

    Raises:
        RequestFailed: malformed, or not found where there is none.
    """
    records = parse_all(answer)
    if not records:
        raise RequestFailed(OutcomeKind.NOT_FOUND, "an answer without a title")
    return records[0]


def parse_all(answer: object) -> list[SourceRecord]:
    """Every record of a listing, or the one of a detail.

    Raises:
        RequestFailed: malformed.
    """
    if isinstance(answer, dict) and "anime" not in answer and "route" in answer:
        answer = {"anime": [answer]}
    if not isinstance(answer, dict) or "anime" not in answer:
        raise RequestFailed(OutcomeKind.MALFORMED, "an answer without a list of titles")
    listing, faults = read(Listing, answer)
    return [asking.record(FACTS, title.route, _draft(title), faults) for title in listing.anime]


def _draft(title: Title) -> dict[str, Any]:
    premiere = dates.moment(title.premier)
    start = dates.iso(premiere.astimezone(dates.TOKYO).date().isoformat()) if premiere else None
    year = title.season.year or ""
    sites = [getattr(title.websites, name) for name in SITES]
    return {
        "url": f"https://animeschedule.net/anime/{title.route}",
        "keys": asking.ids_in(sites),
        "updated_at": dates.moment(title.updatedAt),
        "titles": list(_titles(title)),
        "synopsis": plain(title.description),
        "labels": [genre.name for genre in title.genres],
        "type": words.kind(title.mediaTypes[0].name) if title.mediaTypes else None,
        "status": words.status(title.status),
        "aired_from": premiere,
        "year": int(year) if year.isascii() and year.isdigit() and len(year) == 4 else title.year,
        "season": words.season(title.season.season) or (start.season if start else None),
        "material": words.material(title.sources[0].name) if title.sources else None,
        "episodes": title.episodes or None,
        "duration_minutes": title.lengthMin or None,
        "studios": [studio.name for studio in title.studios],
        "pictures": [{"url": PICTURES + title.imageVersionRoute}]
        if title.imageVersionRoute
        else [],
        "links": _links(title.websites),
        "relations": list(_relations(title)),
        "statistics": _statistics(title.stats),
    }


def _titles(title: Title) -> Iterator[dict[str, str]]:
    named = [
        (title.names.romaji or title.title, "ja-Latn", "main"),
        (title.names.english, "en", "official"),
        (title.names.native, "ja", "official"),
        *((name, "und", "synonym") for name in title.names.synonyms),
    ]
    for name, language, kind in named:
        if text := line(name):
            yield {"text": text, "language": language, "kind": kind}


def _links(websites: Websites) -> dict[str, str]:
    named = [("Official Site", websites.official)]
    named += [(stream.name or stream.platform or "", stream.url) for stream in websites.streams]
    return {name: _absolute(url) for name, url in named if name and url}


def _absolute(url: str) -> str:
    return url if "://" in url else f"https://{url}"


def _relations(title: Title) -> Iterator[dict[str, Any]]:
    for kind, routes in title.relations.items():
        for route in routes or ():
            yield {"kind": words.relation(kind), "key": f"animeschedule:{route}"}


def _statistics(stats: Stats) -> dict[str, Any]:
    return {
        "score": stats.averageScore or None,
        "scale": (0, 100),
        "votes": stats.ratingCount,
        "members": stats.trackedCount,
        "popularity_rank": stats.trackedRating or None,
    }
