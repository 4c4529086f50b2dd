"""Kitsu: JSON:API, twenty titles a request with everything included."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from animevec.settings import Settings
from flows.enrichment import dates, words
from flows.enrichment.http import Client, Reply, RequestFailed, Tally
from flows.enrichment.markup import line, plain
from flows.enrichment.reading import read
from flows.enrichment.sources import asking
from flows.enrichment.sources.answers.kitsu import Attributes, Document, Pointer, Resource
from flows.enrichment.types import (
    OutcomeKind,
    Rate,
    SourceFacts,
    SourceOutcome,
    SourceRecord,
    Wanted,
)

FACTS = SourceFacts(
    name="kitsu",
    provider="kitsu",
    title="Kitsu",
    base_url="https://kitsu.app/api/edge",
    licence="Kitsu terms of service",
    rates=(Rate(requests=1, seconds=1),),
    batch=20,
    keep_s=86_400,
    error_marks=('{"errors"',),
)
INCLUDED = (
    "genres,categories,mappings,mediaRelationships.destination,animeProductions.producer,"
    "characters.character,episodes,streamingLinks"
)
SITES = {
    "myanimelist/anime": "mal",
    "anilist/anime": "anilist",
    "anidb": "anidb",
    "anidb/anime": "anidb",
    "animenewsnetwork": "ann",
    "livechart": "livechart",
}
LANGUAGES = {
    "en": "en",
    "en_us": "en",
    "en_jp": "ja-Latn",
    "ja_jp": "ja",
    "en_cn": "zh-Latn",
    "zh_cn": "zh",
    "en_kr": "ko-Latn",
    "ko_kr": "ko",
}
UPCOMING = frozenset({"upcoming", "unreleased", "tba"})
# Of a title not yet aired these days say no more than the year.
YEAR_ONLY = frozenset({(1, 1), (12, 31)})
PRODUCTIONS = {"studio": "studios", "producer": "producers", "licensor": "licensors"}


Included = Mapping[tuple[str, str], Resource]


class Kitsu:
    """Asks Kitsu, by its ids and by MyAnimeList's through its mappings."""

    facts = FACTS

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client

    def knows(self, wanted: Wanted) -> bool:
        """By its own numeric id, or MyAnimeList's."""
        return wanted.keys.get("kitsu", "").isdigit() or "mal" in wanted.keys

    async def fetch(self, wanted: Sequence[Wanted]) -> list[SourceOutcome]:
        """Titles with a Kitsu id at once; the others through one request for their mappings."""
        tally = Tally()
        ids: dict[str, str] = {}
        failure: RequestFailed | None = None
        unknown = [one.keys["mal"] for one in wanted if not _own(one)]
        try:
            ids = await self._mapped(unknown, tally) if unknown else {}
        except RequestFailed as error:
            failure = error
        keys = [_own(one) or ids.get(one.keys["mal"]) for one in wanted]
        known = sorted({key for key in keys if key}, key=int)
        answered = await self._batch(known, tally) if known else {}
        outcomes = []
        for place, (one, key) in enumerate(zip(wanted, keys, strict=True)):
            share = tally if place == 0 else Tally()
            missing = failure or RequestFailed(OutcomeKind.NOT_FOUND, "no mapping to this title")
            answer = answered.get(key, missing) if key else missing
            asked = f"kitsu:{key}" if key else f"mal:{one.keys['mal']}"
            outcomes.append(_outcome(asked, answer, share))
        return outcomes

    async def _mapped(self, mal_ids: Sequence[str], tally: Tally) -> dict[str, str]:
        params = {
            "filter[externalSite]": "myanimelist/anime",
            "filter[externalId]": ",".join(sorted(mal_ids, key=lambda id: (len(id), id))),
            "include": "item",
            "page[limit]": str(FACTS.batch),
        }
        document, _ = read(Document, (await self._get("/mappings", params, tally)).json())
        return {
            found.attributes.externalId: pointer.id
            for found in _many(document.data)
            if found.attributes.externalId
            for pointer in _pointers(found, "item")
            if pointer.type == "anime" and pointer.id.isdigit()
        }

    async def _batch(
        self, ids: Sequence[str], tally: Tally
    ) -> dict[str, tuple[SourceRecord, Reply] | RequestFailed]:
        params = {
            "filter[id]": ",".join(ids),
            "include": INCLUDED,
            "page[limit]": str(FACTS.batch),
        }
        try:
            reply = await self._get("/anime", params, tally)
            answers = parse_all(reply.json())
        except RequestFailed as failure:
            return dict.fromkeys(ids, failure)
        absent = RequestFailed(OutcomeKind.NOT_FOUND, "not in the answer")
        found = {id: answers.get(id, absent) for id in ids}
        return {
            id: answer if isinstance(answer, RequestFailed) else (answer, reply)
            for id, answer in found.items()
        }

    async def _get(self, path: str, params: Mapping[str, str], tally: Tally) -> Reply:
        headers = {"accept": "application/vnd.api+json"}
        return await self._client.get(FACTS, path, params=params, headers=headers, tally=tally)


def _own(wanted: Wanted) -> str | None:
    id = wanted.keys.get("kitsu", "")
    return id if id.isascii() and id.isdigit() else None


def _outcome(
    key: str, answer: tuple[SourceRecord, Reply] | RequestFailed, tally: Tally
) -> SourceOutcome:
    if isinstance(answer, RequestFailed):
        return asking.failed(FACTS, key, answer, tally)
    return asking.found(FACTS, key, answer[0], answer[1].at, tally)


def parse(document: object) -> SourceRecord:
    """The only record of an answer.

    Raises:
        RequestFailed: malformed, or not found where it is empty.
    """
    answers = parse_all(document)
    if not answers:
        raise RequestFailed(OutcomeKind.NOT_FOUND, "an answer without a title")
    answer = next(iter(answers.values()))
    if isinstance(answer, RequestFailed):
        raise answer
    return answer


def parse_all(document: object) -> dict[str, SourceRecord | RequestFailed]:
    """Records by id, or why one could not be read.

    Raises:
        RequestFailed: the whole answer is malformed.
    """
    answer, faults = read(Document, document)
    included = {(found.type, found.id): found for found in answer.included}
    records: dict[str, SourceRecord | RequestFailed] = {}
    for found in _many(answer.data):
        if found.type != "anime":
            continue
        try:
            records[found.id] = asking.record(FACTS, found.id, _draft(found, included), faults)
        except RequestFailed as failure:
            records[found.id] = failure
    return records


def _many(data: Resource | tuple[Resource, ...]) -> tuple[Resource, ...]:
    return data if isinstance(data, tuple) else (data,)


def _pointers(resource: Resource, name: str) -> tuple[Pointer, ...]:
    data = resource.relationships[name].data if name in resource.relationships else None
    return data if isinstance(data, tuple) else (data,) if data else ()


def _linked(resource: Resource, name: str, included: Included) -> Iterator[Resource]:
    for pointer in _pointers(resource, name):
        if found := included.get((pointer.type, pointer.id)):
            yield found


def _draft(title: Resource, included: Included) -> dict[str, Any]:
    data = title.attributes
    start, end = _start(data), dates.iso(data.endDate)
    return {
        "url": f"https://kitsu.app/anime/{title.id}",
        "keys": _keys(title, included),
        "updated_at": dates.moment(data.updatedAt),
        "titles": list(_titles(data)),
        "synopsis": plain(data.synopsis),
        "labels": _labels(title, included),
        "type": words.kind(data.subtype),
        "status": words.status(data.status),
        "aired_from": start.date,
        "aired_to": None if data.status in UPCOMING else end.date,
        "year": start.year,
        "season": start.season,
        "rating": words.rating(data.ageRating),
        "nsfw": data.nsfw,
        "episodes": data.episodeCount or None,
        "duration_minutes": data.episodeLength or None,
        **_productions(title, included),
        "pictures": _pictures(data),
        "trailer": f"https://www.youtube.com/watch?v={data.youtubeVideoId}"
        if data.youtubeVideoId
        else None,
        "relations": list(_relations(title, included)),
        "statistics": _statistics(data),
        "characters": list(_characters(title, included)),
        "episode_list": [_episode(one) for one in _linked(title, "episodes", included)],
    }


def _start(data: Attributes) -> dates.When:
    start = dates.iso(data.startDate)
    vague = data.status in UPCOMING and (start.month, start.day) in YEAR_ONLY
    return dates.when(start.year) if vague else start


def _keys(title: Resource, included: Included) -> dict[str, tuple[str, ...]]:
    ids: dict[str, list[str]] = defaultdict(list)
    for mapping in _linked(title, "mappings", included):
        provider = SITES.get(mapping.attributes.externalSite or "")
        id = (mapping.attributes.externalId or "").partition("/")[0]
        if provider and id.isascii() and id.isdigit():
            ids[provider].append(id)
    return asking.united(ids)


def _titles(data: Attributes) -> Iterator[dict[str, str]]:
    main = line(data.canonicalTitle)
    romaji = {"en_jp", "en_cn", "en_kr"}
    # A romanised name that is the English one too is romanised.
    named = sorted(data.titles.items(), key=lambda item: item[0] in romaji)
    languages = {line(title): language for language, title in named}
    if main:
        language = LANGUAGES.get(languages.get(main, ""), "und")
        yield {"text": main, "language": language, "kind": "main"}
    for language, title in data.titles.items():
        if (text := line(title)) and (text != main or language not in romaji):
            tag = LANGUAGES.get(language, language.partition("_")[0])
            yield {"text": text, "language": tag, "kind": "official"}
    for title in data.abbreviatedTitles:
        if text := line(title):
            yield {"text": text, "kind": "synonym"}


def _labels(title: Resource, included: Included) -> list[str]:
    genres = [found.attributes.name for found in _linked(title, "genres", included)]
    categories = [found.attributes.title for found in _linked(title, "categories", included)]
    return [text for label in [*genres, *categories] if (text := line(label))]


def _productions(title: Resource, included: Included) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for production in _linked(title, "animeProductions", included):
        field = PRODUCTIONS.get((production.attributes.role or "").lower())
        for producer in _linked(production, "producer", included):
            name = line(producer.attributes.name)
            known = {other.casefold() for other in found[field]} if field else set()
            if field and name and name.casefold() not in known:
                found[field].append(name)
    return found


def _pictures(data: Attributes) -> list[dict[str, str]]:
    poster = data.posterImage
    found = [
        ("cover", poster.original or poster.large),
        ("thumbnail", poster.tiny or poster.small),
        ("banner", data.coverImage.original or data.coverImage.large),
    ]
    return [{"kind": kind, "url": url} for kind, url in found if url]


def _relations(title: Resource, included: Included) -> Iterator[dict[str, Any]]:
    for edge in _linked(title, "mediaRelationships", included):
        for pointer in _pointers(edge, "destination"):
            related = included.get((pointer.type, pointer.id))
            attributes = related.attributes if related else Attributes()
            medium = words.medium(pointer.type)
            if medium == "manga" and attributes.subtype == "novel":
                medium = "novel"
            prefix = "kitsu" if medium == "anime" else "kitsu_manga"
            yield {
                "kind": words.relation(edge.attributes.role),
                "key": f"{prefix}:{pointer.id}",
                "title": line(attributes.canonicalTitle),
                "medium": medium,
            }


def _statistics(data: Attributes) -> dict[str, Any]:
    votes = [int(n) for n in data.ratingFrequencies.values() if n.isascii() and n.isdigit()]
    return {
        "score": _number(data.averageRating),
        "scale": (0, 100),
        "votes": sum(votes) or None,
        "members": data.userCount,
        "favorites": data.favoritesCount,
        "rank": data.ratingRank or None,
        "popularity_rank": data.popularityRank or None,
    }


def _number(text: str | None) -> float | None:
    try:
        return float(text or "") or None
    except ValueError:
        return None


def _characters(title: Resource, included: Included) -> Iterator[dict[str, Any]]:
    for edge in _linked(title, "characters", included):
        for who in _linked(edge, "character", included):
            data = who.attributes
            yield {
                "name": line(data.names.get("en") or data.title or data.name),
                "native_name": line(data.names.get("ja_jp")),
                "aliases": [text for name in data.otherNames if (text := line(name))],
                "role": words.role(edge.attributes.role),
                "picture": {"url": data.image.original} if data.image.original else None,
                "keys": {"kitsu": who.id},
            }


def _episode(episode: Resource) -> dict[str, Any]:
    data = episode.attributes
    titles = [
        {"text": text, "language": LANGUAGES.get(language, "und"), "kind": "official"}
        for language, title in data.titles.items()
        if (text := line(title))
    ]
    return {
        "number": data.number,
        "title": line(data.canonicalTitle),
        "titles": titles,
        "synopsis": plain(data.synopsis),
        "aired": dates.iso(data.airdate).date,
        "duration_minutes": data.length or None,
    }
