"""AniList: GraphQL, fifty titles a request."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

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
    Wanted,
)

FACTS = SourceFacts(
    name="anilist",
    provider="anilist",
    title="AniList",
    base_url="https://graphql.anilist.co",
    licence="AniList terms of use; attribution",
    rates=(Rate(requests=30, seconds=60),),
    batch=50,
    keep_s=86_400,
    error_marks=('{"errors"', '{"data":null'),
)
QUERY = """
query ($ids: [Int], $malIds: [Int], $perPage: Int) {
  Page(perPage: $perPage) {
    media(id_in: $ids, idMal_in: $malIds, type: ANIME) {
      id idMal type title { romaji english native } description(asHtml: false)
      source format episodes duration status season seasonYear countryOfOrigin isAdult updatedAt
      startDate { year month day } endDate { year month day }
      coverImage { extraLarge large medium } bannerImage trailer { id site }
      averageScore meanScore popularity favourites genres synonyms
      tags { name rank isMediaSpoiler isGeneralSpoiler isAdult }
      relations { edges { relationType node { id idMal type format title { romaji } } } }
      studios { edges { isMain node { id name isAnimationStudio } } }
      externalLinks { site url type } streamingEpisodes { title site url }
      rankings { rank type allTime } stats { scoreDistribution { score amount } }
      characters(perPage: 25, sort: ROLE) {
        edges { role voiceActors(language: JAPANESE) { id name { full native } }
          node { id name { full native alternative } image { large } } } }
      staff(perPage: 25, sort: RELEVANCE) { edges { role node { id name { full native } } } }
    }
  }
}
"""
FORMATS = {"NOVEL": "novel", "ONE_SHOT": "manga", "MANGA": "manga"}
TAG_RANK = 50


class Names(Answer):
    romaji: str | None = None
    english: str | None = None
    native: str | None = None
    userPreferred: str | None = None


class FuzzyDate(Answer):
    year: int | None = None
    month: int | None = None
    day: int | None = None


class Cover(Answer):
    extraLarge: str | None = None
    large: str | None = None
    medium: str | None = None


class Trailer(Answer):
    id: str | None = None
    site: str | None = None


class Tag(Answer):
    name: str
    rank: int | None = None
    isMediaSpoiler: bool | None = None
    isGeneralSpoiler: bool | None = None
    isAdult: bool | None = None


class RelatedNode(Answer):
    id: int
    idMal: int | None = None
    type: str | None = None
    format: str | None = None
    title: Names = Names()


class RelationEdge(Answer):
    relationType: str | None = None
    node: RelatedNode


class Relations(Answer):
    edges: Many[RelationEdge] = ()


class StudioNode(Answer):
    name: str
    isAnimationStudio: bool | None = None


class StudioEdge(Answer):
    isMain: bool | None = None
    node: StudioNode


class Studios(Answer):
    edges: Many[StudioEdge] = ()


class Link(Answer):
    site: str | None = None
    url: str | None = None
    type: str | None = None


class Ranking(Answer):
    rank: int
    type: str | None = None
    allTime: bool | None = None


class Share(Answer):
    score: int | None = None
    amount: int


class Stats(Answer):
    scoreDistribution: Many[Share] = ()


class PersonName(Answer):
    full: str | None = None
    native: str | None = None
    alternative: Many[str | None] = ()


class Person(Answer):
    id: int | None = None
    name: PersonName = PersonName()
    image: Cover = Cover()
    language: str | None = None


class CharacterEdge(Answer):
    role: str | None = None
    node: Person
    voiceActors: Many[Person] = ()


class CharacterList(Answer):
    edges: Many[CharacterEdge] = ()


class StaffEdge(Answer):
    role: str | None = None
    node: Person


class StaffList(Answer):
    edges: Many[StaffEdge] = ()


class Media(Answer):
    id: int
    idMal: int | None = None
    title: Names = Names()
    description: str | None = None
    source: str | None = None
    format: str | None = None
    episodes: int | None = None
    duration: int | None = None
    status: str | None = None
    season: str | None = None
    seasonYear: int | None = None
    countryOfOrigin: str | None = None
    isAdult: bool | None = None
    updatedAt: int | None = None
    startDate: FuzzyDate = FuzzyDate()
    endDate: FuzzyDate = FuzzyDate()
    coverImage: Cover = Cover()
    bannerImage: str | None = None
    trailer: Trailer = Trailer()
    averageScore: int | None = None
    popularity: int | None = None
    favourites: int | None = None
    genres: Many[str] = ()
    synonyms: Many[str] = ()
    tags: Many[Tag] = ()
    relations: Relations = Relations()
    studios: Studios = Studios()
    externalLinks: Many[Link] = ()
    rankings: Many[Ranking] = ()
    stats: Stats = Stats()
    characters: CharacterList = CharacterList()
    characterPreview: CharacterList = CharacterList()
    staff: StaffList = StaffList()
    staffPreview: StaffList = StaffList()


class AniList:
    """Asks AniList for up to fifty titles at once, by its ids and by MyAnimeList's."""

    facts = FACTS

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client

    def knows(self, wanted: Wanted) -> bool:
        """By its own id or MyAnimeList's."""
        return bool({"anilist", "mal"} & wanted.keys.keys())

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """One request for those with an AniList id, one for those with only MyAnimeList's."""
        by_own = [one for one in wanted if "anilist" in one.keys]
        by_mal = [one for one in wanted if "anilist" not in one.keys]
        outcomes: dict[int, SourceOutcome] = {}
        for provider, batch in (("anilist", by_own), ("mal", by_mal)):
            if batch:
                answers = await self._batch(provider, [one.keys[provider] for one in batch])
                outcomes |= {id(one): found for one, found in zip(batch, answers, strict=True)}
        return [outcomes[id(one)] for one in wanted]

    async def _batch(self, provider: str, ids: Sequence[str]) -> list[SourceOutcome]:
        tally = Tally()
        keys = [f"{provider}:{id}" for id in ids]
        try:
            name = {"anilist": "ids", "mal": "malIds"}[provider]
            numbers = sorted({int(id) for id in ids if id.isascii() and id.isdigit()})
            variables = {name: numbers, "perPage": FACTS.batch}
            body = {"query": QUERY, "variables": variables}
            reply = await self._client.post(FACTS, "/", body, tally=tally)
            media = media_of(reply.json())
        except RequestFailed as failure:
            return [
                asking.failed(FACTS, key, failure, _share(tally, place))
                for place, key in enumerate(keys)
            ]
        field = {"anilist": "id", "mal": "idMal"}[provider]
        found = {str(item.get(field)): item for item in media if isinstance(item, dict)}
        return [
            _one(key, found.get(key.partition(":")[2]), reply, _share(tally, place))
            for place, key in enumerate(keys)
        ]


def _share(tally: Tally, place: int) -> Tally:
    """The requests of a batch count for its first title only."""
    return tally if place == 0 else Tally()


def _one(key: str, media: object, reply: Reply, tally: Tally) -> SourceOutcome:
    if media is None:
        missing = RequestFailed(OutcomeKind.NOT_FOUND, "not in the answer")
        return asking.failed(FACTS, key, missing, tally)
    try:
        record = parse({"data": {"Media": media}})
    except RequestFailed as failure:
        return asking.failed(FACTS, key, failure, tally)
    own = record.key if not key.startswith("anilist:") else key
    return asking.found(FACTS, own, record, reply.at, tally)


def media_of(answer: object) -> list[object]:
    """The titles in an answer of the batch query.

    Raises:
        RequestFailed: malformed, or the error AniList answered with.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    page = data.get("Page") if isinstance(data, dict) else None
    media = page.get("media") if isinstance(page, dict) else None
    if isinstance(media, list):
        return media
    raise _error(answer)


def _error(answer: object) -> RequestFailed:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return RequestFailed(OutcomeKind.MALFORMED, "an answer without media")
    kinds = {404: OutcomeKind.NOT_FOUND, 429: OutcomeKind.REFUSED, 403: OutcomeKind.REFUSED}
    status = first.get("status")
    kind = kinds.get(status, OutcomeKind.UNREACHABLE) if isinstance(status, int) else None
    return RequestFailed(kind or OutcomeKind.UNREACHABLE, str(first.get("message"))[:200])


def parse(answer: object) -> SourceRecord:
    """A record from ``{"data": {"Media": ...}}``.

    Raises:
        RequestFailed: malformed, or not found where the media is null.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    media = data.get("Media") if isinstance(data, dict) else None
    if media is None:
        raise _error(answer)
    title, faults = read(Media, media)
    return asking.record(FACTS, str(title.id), _draft(title), faults)


def _draft(media: Media) -> dict[str, Any]:
    start = dates.when(media.startDate.year, media.startDate.month, media.startDate.day)
    end = dates.when(media.endDate.year, media.endDate.month, media.endDate.day)
    own = {"mal": (str(media.idMal),)} if media.idMal else {}
    return {
        "url": f"https://anilist.co/anime/{media.id}",
        "keys": asking.united(own, asking.ids_in(link.url for link in media.externalLinks)),
        "updated_at": datetime.fromtimestamp(media.updatedAt, UTC)
        if media.updatedAt and 0 < media.updatedAt < 2**33
        else None,
        "titles": list(_titles(media)),
        "synopsis": plain(media.description),
        "labels": [*media.genres, *(tag.name for tag in media.tags if _telling(tag))],
        "type": words.kind(media.format),
        "status": words.status(media.status),
        "aired_from": start.date,
        "aired_to": end.date,
        "year": media.seasonYear or start.year,
        "season": words.season(media.season) or start.season,
        "country": media.countryOfOrigin,
        "nsfw": media.isAdult,
        "material": words.material(media.source),
        "episodes": media.episodes or None,
        "duration_minutes": media.duration or None,
        "studios": [e.node.name for e in media.studios.edges if e.isMain],
        "producers": [e.node.name for e in media.studios.edges if not e.isMain],
        "pictures": _pictures(media),
        "trailer": _trailer(media.trailer),
        "links": {link.site: link.url for link in media.externalLinks if link.site and link.url},
        "relations": [_relation(edge) for edge in media.relations.edges],
        "statistics": _statistics(media),
        "characters": [
            _character(edge) for edge in (media.characters.edges or media.characterPreview.edges)
        ],
        "staff": [_person(e.node, e.role) for e in (media.staff.edges or media.staffPreview.edges)],
    }


def _titles(media: Media) -> Iterator[dict[str, str]]:
    country = media.countryOfOrigin or "JP"
    script = {"JP": "ja", "CN": "zh", "TW": "zh", "KR": "ko"}.get(country, "und")
    named = [
        (media.title.romaji or media.title.userPreferred, f"{script}-Latn", "main"),
        (media.title.english, "en", "official"),
        (media.title.native, script, "official"),
        *((name, "und", "synonym") for name in media.synonyms),
    ]
    for title, language, kind in named:
        if text := line(title):
            yield {"text": text, "language": language, "kind": kind}


def _telling(tag: Tag) -> bool:
    spoils = tag.isMediaSpoiler or tag.isGeneralSpoiler
    return not spoils and (tag.rank is None or tag.rank >= TAG_RANK)


def _pictures(media: Media) -> list[dict[str, str]]:
    cover = media.coverImage
    found = [
        ("cover", cover.extraLarge or cover.large),
        ("thumbnail", cover.medium),
        ("banner", media.bannerImage),
    ]
    return [{"kind": kind, "url": url} for kind, url in found if url and "/default" not in url]


def _trailer(trailer: Trailer) -> str | None:
    sites = {
        "youtube": "https://www.youtube.com/watch?v=",
        "dailymotion": "https://www.dailymotion.com/video/",
    }
    base = sites.get((trailer.site or "").lower())
    return f"{base}{trailer.id}" if base and trailer.id else None


def _relation(edge: RelationEdge) -> dict[str, Any]:
    node = edge.node
    medium = "anime" if node.type in {"ANIME", None} else FORMATS.get(node.format or "", "manga")
    prefix = "anilist" if medium == "anime" else "anilist_manga"
    return {
        "kind": words.relation(edge.relationType),
        "key": f"{prefix}:{node.id}",
        "title": line(node.title.romaji or node.title.userPreferred),
        "medium": medium,
    }


def _statistics(media: Media) -> dict[str, Any]:
    ranks: Mapping[str | None, int] = {r.type: r.rank for r in media.rankings if r.allTime}
    return {
        "score": media.averageScore or None,
        "scale": (0, 100),
        "votes": sum(max(0, s.amount) for s in media.stats.scoreDistribution) or None,
        "members": media.popularity,
        "favorites": media.favourites,
        "rank": ranks.get("RATED"),
        "popularity_rank": ranks.get("POPULAR"),
    }


def _character(edge: CharacterEdge) -> dict[str, Any]:
    node = edge.node
    return {
        "name": line(node.name.full or node.name.native),
        "native_name": line(node.name.native),
        "aliases": [text for name in node.name.alternative if (text := line(name))],
        "role": words.role(edge.role),
        "picture": {"url": node.image.large} if node.image.large else None,
        "voices": [_person(voice, None, "Japanese") for voice in edge.voiceActors],
        "keys": {"anilist": str(node.id)} if node.id else {},
    }


def _person(node: Person, role: str | None, language: str | None = None) -> dict[str, Any]:
    return {
        "name": line(node.name.full or node.name.native),
        "native_name": line(node.name.native),
        "role": line(role),
        "language": language,
        "keys": {"anilist": str(node.id)} if node.id else {},
    }
