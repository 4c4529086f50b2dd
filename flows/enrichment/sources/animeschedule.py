"""AnimeSchedule v3: release times; titles are matched by the addresses it links to."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
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
    batch=10,
    stages=frozenset({Stage.METADATA, Stage.RELATIONSHIPS, Stage.STATISTICS}),
    keep_s=86_400,
    error_marks=('{"error',),
)
ASKED_BY = ("mal", "anilist", "animeschedule")
Outcomes = dict[tuple[str, str], SourceOutcome]
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


class AnimeSchedule:
    """Asks AnimeSchedule for several titles at once; refused without a token."""

    facts = FACTS

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._token = settings.enrichment.animeschedule_token.get_secret_value()

    def knows(self, wanted: Wanted) -> bool:
        """By MyAnimeList's id or AniList's, or its own route."""
        return any(provider in wanted.keys for provider in ASKED_BY)

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """One request for those with MyAnimeList's id, one for AniList's, one each for a route."""
        tally = Tally()
        keys = [_key(one) for one in wanted]
        outcomes: Outcomes = {}
        for provider in ASKED_BY:
            ids = sorted({id for name, id in keys if name == provider})
            batches = [[id] for id in ids] if provider == FACTS.provider else [ids]
            for batch in filter(None, batches):
                outcomes |= await self._batch(provider, batch, tally)
        first, *others = (outcomes[key] for key in keys)
        count = {"requests": tally.requests, "cached": tally.cached}
        return [first.model_copy(update=count), *others]

    async def _batch(self, provider: str, ids: Sequence[str], tally: Tally) -> Outcomes:
        """Titles by ids; each by itself where the filter seems to heed a single id only.

        It is documented as a list, yet "not found" is a proof and needs a better one than that.
        """
        outcomes = await self._ask(provider, ids, tally)
        kinds = Counter(outcome.kind for outcome in outcomes.values())
        if len(ids) == kinds[OutcomeKind.FOUND] + kinds[OutcomeKind.NOT_FOUND] > 1:
            absent = [key for key, one in outcomes.items() if one.kind is OutcomeKind.NOT_FOUND]
            for _, id in absent if kinds[OutcomeKind.FOUND] <= 1 else ():
                outcomes |= await self._ask(provider, [id], tally)
        return outcomes

    async def _ask(self, provider: str, ids: Sequence[str], tally: Tally) -> Outcomes:
        try:
            reply = await self._reply(provider, ids, tally)
            answers = parse_all(reply.json())
        except RequestFailed as failure:
            return {(provider, id): asking.failed(FACTS, f"{provider}:{id}", failure) for id in ids}
        return {(provider, id): _outcome(provider, id, answers, reply.at) for id in ids}

    async def _reply(self, provider: str, ids: Sequence[str], tally: Tally) -> Reply:
        if not self._token:
            raise RequestFailed(
                OutcomeKind.REFUSED,
                "AnimeSchedule wants a token: set ANIMEVEC_ENRICHMENT__ANIMESCHEDULE_TOKEN",
            )
        headers = {"authorization": f"Bearer {self._token}"}
        if provider == FACTS.provider:
            return await self._client.get(FACTS, f"/anime/{ids[0]}", headers=headers, tally=tally)
        params = {f"{provider}-ids": ids}
        return await self._client.get(FACTS, "/anime", params=params, headers=headers, tally=tally)


def _key(wanted: Wanted) -> tuple[str, str]:
    provider = next(name for name in ASKED_BY if name in wanted.keys)
    return provider, wanted.keys[provider]


def _outcome(
    provider: str, id: str, answers: Sequence[SourceRecord | RequestFailed], at: datetime
) -> SourceOutcome:
    """Of the record whose own links name the title asked for; a title alone proves nothing."""
    for record in answers:
        if not isinstance(record, RequestFailed) and (
            record.key == f"{provider}:{id}" or id in record.keys.get(provider, ())
        ):
            return asking.found(FACTS, record.key, record, at, Tally())
    absent = RequestFailed(OutcomeKind.NOT_FOUND, f"no answer links to {provider}:{id}")
    unread = (answer for answer in answers if isinstance(answer, RequestFailed))
    return asking.failed(FACTS, f"{provider}:{id}", next(unread, absent))


def parse(answer: object) -> SourceRecord:
    """The first record of an answer.

    Raises:
        RequestFailed: malformed, or not found where there is none.
    """
    records = parse_all(answer)
    if not records:
        raise RequestFailed(OutcomeKind.NOT_FOUND, "an answer without a title")
    if isinstance(records[0], RequestFailed):
        raise records[0]
    return records[0]


def parse_all(answer: object) -> list[SourceRecord | RequestFailed]:
    """Every record of a listing, or the one of a detail, or why it could not be read.

    Raises:
        RequestFailed: the whole answer is malformed.
    """
    if isinstance(answer, dict) and "anime" not in answer and "route" in answer:
        answer = {"anime": [answer]}
    listed = answer.get("anime") if isinstance(answer, dict) else None
    if not isinstance(listed, list):
        raise RequestFailed(OutcomeKind.MALFORMED, "an answer without a list of titles")
    return [_record(item) for item in listed]


def _record(item: object) -> SourceRecord | RequestFailed:
    try:
        title, faults = read(Title, item)
        return asking.record(FACTS, title.route, _draft(title), faults)
    except RequestFailed as failure:
        return failure


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
