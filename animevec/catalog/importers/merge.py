"""How a row of one source meets what the catalogue already knows of the title.

It brings the fields that its source brought before and those that nobody brought yet or answers
for; the rest stays.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from animevec.catalog.record import Anime, Picture, Provenance, Title

UNITED = frozenset(
    {"id", "keys", "titles", "pictures", "nsfw", "statistics", "links", "provenance"}
)


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


def _stated(record: Anime) -> Iterator[tuple[str, Any]]:
    for name, field in Anime.model_fields.items():
        value = getattr(record, name)
        if name not in UNITED and value != field.default:
            yield name, value


def _open(old: Anime, new: Anime, name: str) -> bool:
    absent = getattr(old, name) == Anime.model_fields[name].default
    same = _source(old.origin(name)) == _source(new.origin(name))
    return absent or same or (old.tentative(name) and _corrects(old, new, name))


def _corrects(old: Anime, new: Anime, name: str) -> bool:
    """Whether ``new`` says more than another case, or relations without a kind."""
    if name == "relations" and all(relation.kind == "other" for relation in new.relations):
        return False
    return str(getattr(old, name)).casefold() != str(getattr(new, name)).casefold()


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
