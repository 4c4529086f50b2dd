"""Which title a row is about, told by the ids that providers gave it.

A row is the same title where they share an id of a provider and contradict each other in none;
AniDB's ids are left out, since one of them may stand for many titles elsewhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from animevec.catalog.ids import PROVIDERS
from animevec.catalog.record import Anime
from animevec.catalog.transaction import Standing, Transaction

IDENTITY = tuple(provider for provider in PROVIDERS if provider != "anidb")


class Identities:
    """The titles, deleted ones too, that some rows may be about."""

    def __init__(self, known: Mapping[UUID, Standing]) -> None:
        self._known: dict[UUID, Standing] = {}
        self._holders: dict[str, list[UUID]] = defaultdict(list)
        for id in sorted(known):
            self._add(id, known[id])

    @classmethod
    def read(cls, transaction: Transaction, records: Iterable[Anime]) -> "Identities":
        """What the catalogue has under the ids and the keys of ``records``."""
        rows = list(records)
        keys = {key for record in rows for key in identity(record.keys)}
        return cls(transaction.standings({record.id for record in rows}, keys))

    @property
    def living(self) -> set[UUID]:
        """The titles among them that the catalogue has."""
        return {id for id, standing in self._known.items() if not standing.deleted}

    def alive(self, record: Anime) -> UUID | None:
        """The title of the catalogue that ``record`` is about."""
        return self._find(record, deleted=False)

    def deleted(self, record: Anime) -> UUID | None:
        """The deleted title that ``record`` is about."""
        return self._find(record, deleted=True)

    def rival(self, record: Anime) -> UUID | None:
        """Another title with the key that ``record`` is named after."""
        leading = list(identity(record.keys))[:1]
        return next((id for id in self._same(record, leading, False) if id != record.id), None)

    def add(self, record: Anime) -> None:
        """``record`` is in the catalogue too, for the rows that follow."""
        self._add(record.id, Standing(deleted=False, keys=record.keys))

    def _add(self, id: UUID, standing: Standing) -> None:
        self._known[id] = standing
        for key in identity(standing.keys):
            if id not in self._holders[key]:
                self._holders[key].append(id)

    def _find(self, record: Anime, deleted: bool) -> UUID | None:
        own = self._known.get(record.id)
        if own is not None and own.deleted is deleted:
            return record.id
        return next(self._same(record, identity(record.keys), deleted), None)

    def _same(self, record: Anime, keys: Iterable[str], deleted: bool) -> Iterator[UUID]:
        for key in keys:
            for id in self._holders.get(key, ()):
                known = self._known[id]
                if known.deleted is deleted and not _contradict(known.keys, record.keys):
                    yield id


def identity(keys: Mapping[str, str]) -> Iterator[str]:
    """The keys that tell a title, such as ``mal:1``, in the order of their providers."""
    return (f"{name}:{keys[name]}" for name in IDENTITY if name in keys)


def _contradict(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    shared = one.keys() & other.keys() & set(IDENTITY)
    return any(one[name] != other[name] for name in shared)
