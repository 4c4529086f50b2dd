"""Which ids belong to one title: adopted from sources and id maps, never by title or by chain.

AniDB's ids stand for many titles elsewhere and the other way round, so an id that a source lists
among several is no identity, and ids are taken from the records of the title itself only.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from animevec.catalog.ids import PROVIDERS
from animevec.errors import InvalidRequest
from flows.enrichment.stages.hearing import Heard
from flows.enrichment.types import SourceRecord

MAP_FIELDS = {
    "mal_id": "mal",
    "anilist_id": "anilist",
    "anidb_id": "anidb",
    "kitsu_id": "kitsu",
    "anime-planet_id": "animeplanet",
    "animeplanet_id": "animeplanet",
    "animeschedule_id": "animeschedule",
    "anisearch_id": "anisearch",
    "livechart_id": "livechart",
    "notify.moe_id": "notify_moe",
    "animenewsnetwork_id": "ann",
    "simkl_id": "simkl",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """The ids of a title, the records that are about it, and what sources dispute."""

    keys: dict[str, str]
    trusted: tuple[Heard, ...]
    conflicts: tuple[str, ...]


def identify(said: Sequence[Heard], known: Mapping[str, str]) -> Identity:
    """Ids of the title known under ``known`` and described by ``said``.

    A record that names other ids than those known is about another title: it is reported and left
    out.  An id two records disagree on is reported and not adopted.
    """
    keys, conflicts, trusted = dict(known), [], []
    for one in said:
        if dispute := contradiction(one.record, known):
            conflicts.append(dispute)
            continue
        trusted.append(one)
        keys.setdefault(one.record.provider, one.record.key.partition(":")[2])
    for provider, claims in _claims(trusted).items():
        if provider not in keys and len(claims) == 1:
            keys[provider] = next(iter(claims))
        elif provider not in keys or keys[provider] not in claims:
            conflicts.append(_disputed(provider, keys.get(provider), claims))
    ordered = {provider: keys[provider] for provider in PROVIDERS if provider in keys}
    return Identity(keys | ordered, tuple(trusted), tuple(conflicts))


def contradiction(record: SourceRecord, known: Mapping[str, str]) -> str | None:
    """In words, what shows that a record is about another title than the one known."""
    own = record.key.partition(":")[2]
    if known.get(record.provider, own) != own:
        return f"{record.source} answered with {record.key}, not {known[record.provider]}"
    for provider in ("mal", "anilist"):
        claimed = record.keys.get(provider, ())
        if claimed and provider in known and known[provider] not in claimed:
            ids = ", ".join(claimed)
            return f"{record.key} ({record.source}) is {provider}:{ids}, not {known[provider]}"
    return None


def _claims(said: Iterable[Heard]) -> dict[str, dict[str, list[str]]]:
    """By provider and id the sources that name it; those that name several ids name none."""
    claims: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in said:
        for provider, ids in one.record.keys.items():
            if len(ids) == 1 and provider in PROVIDERS:
                claims[provider][ids[0]].append(one.record.source)
    return claims


def _disputed(provider: str, known: str | None, claims: Mapping[str, Sequence[str]]) -> str:
    named = "; ".join(f"{id} by {', '.join(sources)}" for id, sources in sorted(claims.items()))
    return f"{provider}: {named}; {'known as ' + known if known else 'none adopted'}"


class IdMap:
    """A list of titles with their ids on several sites, such as Fribb's anime-lists."""

    def __init__(self, entries: Iterable[Mapping[str, str]]) -> None:
        self._by_key: dict[str, list[Mapping[str, str]]] = defaultdict(list)
        for entry in entries:
            for provider, id in entry.items():
                self._by_key[f"{provider}:{id}"].append(entry)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The map in a JSON list.

        Raises:
            InvalidRequest: no such file, or no list of objects.
        """
        try:
            rows = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InvalidRequest(f"{path} is no id map: {error}") from error
        if not isinstance(rows, list):
            raise InvalidRequest(f"{path} is no id map: a list of objects is wanted")
        return cls(_entry(row) for row in rows if isinstance(row, dict))

    def complete(self, keys: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """``keys`` with those of the one entry they all agree on, and conflicts in words.

        Only the title's own ids are looked up, never those found on the way; an id that stands
        in several entries proves nothing.
        """
        found: dict[str, str] = {}
        conflicts: list[str] = []
        for provider, id in keys.items():
            entries = self._by_key.get(f"{provider}:{id}", [])
            if len(entries) != 1:
                continue
            for other, value in entries[0].items():
                stands = keys.get(other) or found.setdefault(other, value)
                if stands != value:
                    conflicts.append(
                        f"{other}: {value} by the id map under {provider}:{id}, known as {stands}"
                    )
        disputed = {conflict.partition(":")[0] for conflict in conflicts}
        adopted = {name: id for name, id in found.items() if name not in disputed}
        return {**adopted, **keys}, tuple(dict.fromkeys(conflicts))


def _entry(row: Mapping[str, Any]) -> dict[str, str]:
    return dict(_ids(row))


def _ids(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The single ids of a row; lists and words such as ``unknown`` are none."""
    for field, provider in MAP_FIELDS.items():
        value = row.get(field)
        if isinstance(value, int) and not isinstance(value, bool):
            yield provider, str(value)
        elif isinstance(value, str) and value.strip() and value != "unknown":
            yield provider, value.strip()
