"""AniList: GraphQL, fifty titles a request, their people twenty-five at a time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from animevec.settings import Settings
from flows.enrichment import dates, words
from flows.enrichment.http import Client, Reply, RequestFailed, Tally
from flows.enrichment.markup import line, plain
from flows.enrichment.reading import read
from flows.enrichment.sources import asking
from flows.enrichment.sources.answers.anilist import (
    CharacterEdge,
    Media,
    Person,
    RelationEdge,
    Tag,
    Trailer,
)
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
# Characters and people come 25 at a time; the further ones of a batch are asked for together.
MAX_PAGES = 6
LISTS = ("characters", "staff")
PEOPLES = frozenset({Stage.CHARACTERS, Stage.STAFF})
PEOPLE = """
fragment people on Media {
  characters(page: $page, perPage: 25, sort: ROLE) {
    pageInfo { hasNextPage }
    edges { role voiceActors(language: JAPANESE) { id name { full native } }
      node { id name { full native alternative } image { large } } } }
  staff(page: $page, perPage: 25, sort: RELEVANCE) {
    pageInfo { hasNextPage }
    edges { role node { id name { full native } } } }
}
"""
TITLES = """
query ($ids: [Int], $malIds: [Int], $page: Int, $perPage: Int) {
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
      ...people
    }
  }
}
"""
MORE_PEOPLE = """
query ($ids: [Int], $page: Int, $perPage: Int) {
  Page(perPage: $perPage) { media(id_in: $ids, type: ANIME) { id ...people } }
}
"""
Json = dict[str, Any]
Lost = Mapping[object, OutcomeKind]
FORMATS = {"NOVEL": "novel", "ONE_SHOT": "manga", "MANGA": "manga"}
TAG_RANK = 50


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
                answers = await self._batch(provider, batch)
                outcomes |= {id(one): found for one, found in zip(batch, answers, strict=True)}
        return [outcomes[id(one)] for one in wanted]

    async def _batch(self, provider: str, batch: Sequence[Wanted]) -> list[SourceOutcome]:
        tally = Tally()
        ids = [one.keys[provider] for one in batch]
        keys = [f"{provider}:{id}" for id in ids]
        name = {"anilist": "ids", "mal": "malIds"}[provider]
        numbers = sorted({int(id) for id in ids if id.isascii() and id.isdigit()})
        try:
            reply = await self._ask(TITLES, {name: numbers, "page": 1}, tally)
            media = _titles_in(reply)
        except RequestFailed as failure:
            return [
                asking.failed(FACTS, key, failure, _share(tally, place))
                for place, key in enumerate(keys)
            ]
        people = any(PEOPLES & one.stages for one in batch)
        lost = await self._next_pages(media, tally) if people else {}
        field = {"anilist": "id", "mal": "idMal"}[provider]
        found = {str(item.get(field)): item for item in media}
        return [
            _one(key, found.get(key.partition(":")[2]), reply, _share(tally, place), lost)
            for place, key in enumerate(keys)
        ]

    async def _ask(self, query: str, variables: Mapping[str, Any], tally: Tally) -> Reply:
        body = {"query": query + PEOPLE, "variables": {**variables, "perPage": FACTS.batch}}
        return await self._client.post(FACTS, "/", body, tally=tally)

    async def _next_pages(self, media: Sequence[Json], tally: Tally) -> Lost:
        """Add further pages of people to ``media``; whose are missing, and how that ended."""
        for page in range(2, MAX_PAGES + 1):
            waiting = {one["id"]: one for one in media if _unread(one)}
            if not waiting:
                break
            variables = {"ids": sorted(waiting), "page": page}
            try:
                further = _titles_in(await self._ask(MORE_PEOPLE, variables, tally))
            except RequestFailed as failure:
                return dict.fromkeys(waiting, failure.kind)
            answered = {one["id"]: one for one in further if isinstance(one.get("id"), int)}
            for id, one in waiting.items():
                _extend(one, answered.get(id, {}))
        return {}


def _unread(title: Json) -> bool:
    return isinstance(title.get("id"), int) and any(_more(title, name) for name in LISTS)


def _more(title: Json, name: str) -> bool:
    """Whether a list of a title goes on beyond what was read of it."""
    found = title.get(name)
    info = found.get("pageInfo") if isinstance(found, dict) else None
    return isinstance(info, dict) and info.get("hasNextPage") is True


def _extend(title: Json, further: Json) -> None:
    for name in filter(lambda name: _more(title, name), LISTS):
        page = further.get(name)
        edges = page.get("edges") if isinstance(page, dict) else None
        if isinstance(edges, list) and isinstance(title[name].get("edges"), list):
            title[name]["edges"] += edges
        title[name]["pageInfo"] = page.get("pageInfo") if isinstance(page, dict) else None


def _titles_in(reply: Reply) -> list[Json]:
    return [found for found in media_of(reply.json()) if isinstance(found, dict)]


def _share(tally: Tally, place: int) -> Tally:
    """The requests of a batch count for its first title only."""
    return tally if place == 0 else Tally()


def _one(key: str, media: Json | None, reply: Reply, tally: Tally, lost: Lost) -> SourceOutcome:
    if media is None:
        missing = RequestFailed(OutcomeKind.NOT_FOUND, "not in the answer")
        return asking.failed(FACTS, key, missing, tally)
    try:
        record = parse({"data": {"Media": media}})
    except RequestFailed as failure:
        return asking.failed(FACTS, key, failure, tally)
    own = record.key if not key.startswith("anilist:") else key
    if not (kind := lost.get(media["id"])):
        return asking.found(FACTS, own, record, reply.at, tally)
    # Half a list would take the place of a whole one that was heard before.
    record = record.model_copy(update={"characters": (), "staff": ()})
    return asking.found(FACTS, own, record, reply.at, tally, dict.fromkeys(PEOPLES, kind))


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
