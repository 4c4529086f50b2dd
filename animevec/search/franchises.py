"""Which titles are one franchise: related works, and names that differ only by season or part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log10
from uuid import UUID

from animevec.catalog.record import Anime
from animevec.search.spelling import forms
from animevec.search.vocabulary import Labelled, labelled

RELATED = frozenset(
    {
        "sequel",
        "prequel",
        "parent",
        "side_story",
        "summary",
        "full_story",
        "spin_off",
        "alternative",
    }
)
MIN_STEM = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What ranking needs to know about every title; ``prior`` 0 to 1 grows with its members."""

    id: UUID
    prior: float
    nsfw: bool
    started: str
    stem: str
    keys: tuple[str, ...]
    related: tuple[str, ...]
    kind: str
    labels: Labelled

    @classmethod
    def of(cls, record: Anime) -> "Facts":
        """The facts of a record."""
        form = next(iter(forms(record.title)), None)
        started = record.aired_from.isoformat() if record.aired_from else str(record.year or "9999")
        related = [r.key for r in record.relations if r.medium == "anime" and r.kind in RELATED]
        return cls(
            id=record.id,
            prior=prior(record),
            nsfw=record.nsfw,
            started=started,
            stem=form.phonetic if form and len(form.phonetic) >= MIN_STEM else "",
            keys=tuple(f"{provider}:{key}" for provider, key in record.keys.items()),
            related=tuple(related),
            kind=record.type.value,
            labels=labelled(record),
        )

    @property
    def ties(self) -> tuple[object, ...]:
        """What decides which franchise the title is in."""
        return self.started, self.stem, self.keys, self.related


def prior(record: Anime) -> float:
    """How well known a title is: 0 to 1, logarithmic in its members (3 million are 1)."""
    return min(1.0, log10(1 + (record.members or 0)) / 6.5)


def franchises(titles: Iterable[Facts]) -> Mapping[UUID, UUID]:
    """Title to franchise; the franchise's id is that of its first title by date."""
    known = {fact.id: fact for fact in titles}
    parent: dict[UUID, UUID] = {id_: id_ for id_ in known}

    def root(id_: UUID) -> UUID:
        while parent[id_] != id_:
            parent[id_] = id_ = parent[parent[id_]]
        return id_

    first: dict[str, UUID] = {}
    for fact in known.values():
        for key in fact.keys:
            first.setdefault(key, fact.id)
    stems: dict[str, UUID] = {}
    for fact in known.values():
        linked = [first[key] for key in fact.related if key in first]
        if fact.stem:
            linked.append(stems.setdefault(fact.stem, fact.id))
        for other in linked:
            one, two = sorted(
                (root(fact.id), root(other)), key=lambda id_: (known[id_].started, id_)
            )
            parent[two] = one
    return {id_: root(id_) for id_ in known}
