"""Which ids belong to one title: adopted from sources and id maps, never by title or by chain.

AniDB's ids stand for many titles elsewhere and the other way round, so an id that a source lists
among several is no identity, and ids are taken from the records of the title itself only.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from animevec.catalog.ids import PROVIDERS
from animevec.errors import InvalidRequest
from flows.enrichment.agreement import confidence
from flows.enrichment.stages.hearing import Heard
from flows.enrichment.types import Conflict, Overrides, SourceRecord

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


FIELD = "keys."
"""A dispute about an id is about this field of a record, with the provider behind it."""
# Sites that give every title a page of its own; others, such as AniDB, have one for a franchise.
SINGLE = frozenset({"mal", "anilist", "kitsu"})
KNOWN, NOBODY, MAP = "known", "nobody", "id_map"
Pins = Mapping[str, str | None]
"""Ids an operator settled, by provider; None where the title has no page there."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The ids of a title, the records that are about it, and what sources dispute."""

    keys: dict[str, str]
    trusted: tuple[Heard, ...]
    conflicts: tuple[Conflict, ...]


def pins_of(overrides: Overrides) -> Pins:
    """The ids among what an operator set."""
    return {
        field.removeprefix(FIELD): override.value
        for field, override in overrides.items()
        if field.startswith(FIELD)
    }


def identify(
    said: Sequence[Heard],
    known: Mapping[str, str],
    pins: Pins | None = None,
    mapped: Mapping[str, str] | None = None,
    taken: Collection[str] = (),
) -> Identity:
    """Ids of the title known under ``known`` and described by ``said``.

    A record that names other ids than those known, or whose page is among ``taken``, the keys that
    other titles of the catalogue have, is about another title: it is reported and left out.  An id
    two records disagree on, or that is taken, is reported and not adopted.  ``mapped`` holds ids in
    which an id map disagrees.  Where an operator settled an id, it stands and nothing is reported.
    """
    pins = pins or {}
    own = {name: id for name, id in known.items() if name not in pins}
    own |= {name: id for name, id in pins.items() if id is not None}
    keys, trusted = dict(own), []
    disputed: dict[str, dict[str, str]] = defaultdict(dict)
    for one in said:
        if dispute := contradiction(one.record, own, pins, taken):
            provider, ids = dispute
            disputed[provider][one.record.key] = ", ".join(ids)
            continue
        trusted.append(one)
        keys.setdefault(one.record.provider, one.record.key.partition(":")[2])
    # A page an operator had to name is no witness of further ids.
    witnesses = (one for one in trusted if one.record.provider not in pins)
    for provider, claims in _claims(witnesses).items():
        named = set(claims.values())
        free = len(named) == 1 and not any(f"{provider}:{id}" in taken for id in named)
        if provider not in keys and provider not in pins and free:
            keys[provider] = named.pop()
        elif keys.get(provider) not in named:
            disputed[provider] |= claims
    for provider, id in (mapped or {}).items():
        disputed[provider][MAP] = id
    conflicts = (
        _disputed(provider, keys.get(provider), claims)
        for provider, claims in disputed.items()
        if provider not in pins
    )
    ordered = {provider: keys[provider] for provider in PROVIDERS if provider in keys}
    return Identity(keys | ordered, tuple(trusted), tuple(conflicts))


def contradiction(
    record: SourceRecord,
    known: Mapping[str, str],
    pins: Pins,
    taken: Collection[str] = (),
) -> tuple[str, tuple[str, ...]] | None:
    """The provider, and the ids there, that show a record to be about another title.

    None where nothing does, or where an operator settled that its page is the title's.
    """
    own = record.key.partition(":")[2]
    if record.provider in pins and pins[record.provider] == own:
        return None
    if record.provider in pins or known.get(record.provider, own) != own:
        return record.provider, (own,)
    if record.provider not in known and record.key in taken:
        return record.provider, (own,)
    for provider in ("mal", "anilist"):
        claimed = record.keys.get(provider, ())
        if claimed and provider in known and known[provider] not in claimed:
            return provider, claimed
    return None


def single_keys(said: Iterable[Heard]) -> set[str]:
    """The keys, such as ``anilist:1``, that records have or name at sites with a page a title."""
    found: set[str] = set()
    for one in said:
        found.add(one.record.key)
        found |= {f"{name}:{id}" for name, ids in one.record.keys.items() for id in ids}
    return {key for key in found if key.partition(":")[0] in SINGLE}


def _claims(said: Iterable[Heard]) -> dict[str, dict[str, str]]:
    """By provider the page that names an id there; one that names several names none."""
    claims: dict[str, dict[str, str]] = defaultdict(dict)
    for one in said:
        for provider, ids in one.record.keys.items():
            if len(ids) == 1 and provider in PROVIDERS:
                claims[provider][one.record.key] = ids[0]
    return claims


def _disputed(provider: str, known: str | None, claims: Mapping[str, str]) -> Conflict:
    return Conflict(
        field=f"{FIELD}{provider}",
        chosen=NOBODY if known is None else KNOWN,
        value=known,
        others=dict(sorted(claims.items())),
        confidence=confidence(int(known is not None), 1 + len(claims)),
        settled=False,
    )


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

    def complete(self, keys: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """``keys`` with those of the one entry they all agree on, and the ids in dispute.

        Only the title's own ids are looked up, never those found on the way; an id that stands
        in several entries proves nothing.
        """
        found: dict[str, str] = {}
        disputed: dict[str, str] = {}
        for provider, id in keys.items():
            entries = self._by_key.get(f"{provider}:{id}", [])
            if len(entries) != 1:
                continue
            for other, value in entries[0].items():
                if (keys.get(other) or found.setdefault(other, value)) != value:
                    disputed[other] = value
        adopted = {name: id for name, id in found.items() if name not in disputed}
        return {**adopted, **keys}, disputed


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
