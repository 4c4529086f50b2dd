"""How a row of one source meets what the catalogue already knows of the title.

A row is the same title where they share an id of a provider and contradict each other in none;
AniDB's ids are left out, since one of them may stand for many titles elsewhere.  The row brings
the fields that its source brought before and those nobody brought yet; the rest stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from animevec.catalog.ids import PROVIDERS
from animevec.catalog.record import Anime, Picture, Provenance, Title
from animevec.catalog.transaction import Transaction

IDENTITY = tuple(provider for provider in PROVIDERS if provider != "anidb")
UNITED = frozenset(
    {"id", "keys", "titles", "pictures", "nsfw", "statistics", "links", "provenance"}
)


def place(transaction: Transaction, records: Sequence[Anime]) -> list[Anime]:
    """What to store for ``records``: each merged into the title it describes, if one is there."""
    keys = {key for record in records for key in _identity(record)}
    owners = {key: list(ids) for key, ids in transaction.owners(keys).items()}
    known = {record.id for record in records}.union(*owners.values())
    titles = transaction.records(known)
    placed: dict[UUID, Anime] = {}
    for record in records:
        found = titles.get(record.id) or _same(record, owners, titles)
        merged = onto(found, record) if found else record
        titles[merged.id] = placed[merged.id] = merged
        for key in _identity(merged):
            owners.setdefault(key, []).append(merged.id)
    return list(placed.values())


def onto(old: Anime, new: Anime) -> Anime:
    """``old`` with what ``new``'s source may say about it; doing it twice changes nothing."""
    pictures = _pictures(old, new)
    sources = {_source(origin) for origin in old.provenance.values()}
    if "*" in old.provenance and sources == {_source(new.origin("*"))}:
        return new.model_copy(update={"id": old.id, "pictures": pictures})
    taken = {name: value for name, value in _stated(new) if _open(old, new, name)}
    if pictures is not old.pictures:
        taken["pictures"] = pictures
    united = {
        "keys": {**new.keys, **old.keys},
        "titles": (*old.titles, *_other_titles(old, new)),
        "nsfw": old.nsfw or new.nsfw,
        "statistics": {**old.statistics, **new.statistics},
        "links": {**new.links, **old.links},
        "provenance": old.provenance | _origins(old, new, taken),
    }
    return old.model_copy(update=taken | united)


def _identity(record: Anime) -> Iterator[str]:
    return (f"{name}:{record.keys[name]}" for name in IDENTITY if name in record.keys)


def _same(
    record: Anime, owners: Mapping[str, Sequence[UUID]], titles: Mapping[UUID, Anime]
) -> Anime | None:
    for key in _identity(record):
        for id in owners.get(key, ()):
            if not _contradict(titles[id], record):
                return titles[id]
    return None


def _contradict(one: Anime, other: Anime) -> bool:
    shared = one.keys.keys() & other.keys.keys() & set(IDENTITY)
    return any(one.keys[name] != other.keys[name] for name in shared)


def _stated(record: Anime) -> Iterator[tuple[str, Any]]:
    for name, field in Anime.model_fields.items():
        value = getattr(record, name)
        if name not in UNITED and value != field.default:
            yield name, value


def _open(old: Anime, new: Anime, name: str) -> bool:
    absent = getattr(old, name) == Anime.model_fields[name].default
    origin = old.origin(name)
    return absent or (origin is not None and _source(origin) == _source(new.origin(name)))


def _source(origin: Provenance | None) -> str | None:
    """Who brought it: ``mal`` also where it quoted someone (``mal/ANN``)."""
    return origin.source.split("/")[0] if origin else None


def _origins(old: Anime, new: Anime, taken: Mapping[str, Any]) -> dict[str, Provenance]:
    """Of the fields taken, those of which ``old`` says otherwise."""
    named = ((name, new.origin(name)) for name in taken)
    return {name: origin for name, origin in named if origin and origin != old.origin(name)}


def _other_titles(old: Anime, new: Anime) -> Iterator[Title]:
    known = {title.text.casefold() for title in old.titles}
    for title in new.titles:
        if title.text.casefold() not in known:
            known.add(title.text.casefold())
            yield title.model_copy(update={"kind": "synonym"}) if title.kind == "main" else title


def _pictures(old: Anime, new: Anime) -> tuple[Picture, ...]:
    """A file brought here wins, and one held here is not given up for an address."""
    if any(picture.sha256 for picture in new.pictures):
        return new.pictures
    held = any(picture.sha256 for picture in old.pictures)
    return (
        new.pictures if new.pictures and not held and _open(old, new, "pictures") else old.pictures
    )
