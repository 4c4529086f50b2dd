"""What search keeps in memory of the catalogue, caught up by revision."""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from animevec.catalog.record import Anime
from animevec.catalog.store import Catalog
from animevec.errors import NotFound
from animevec.search.franchises import Facts, franchises
from animevec.search.hydration import summary
from animevec.search.rarity import Rarity
from animevec.search.response import Summary
from animevec.search.shelf import Shelf
from animevec.search.titles import TitleIndex
from animevec.search.vocabulary import Vocabulary

CACHED_RECORDS = 1024
CACHED_CARDS = 32_768


@dataclass(frozen=True, slots=True)
class _Known:
    """One consistent state; replaced, never changed."""

    revision: int = 0
    facts: Mapping[UUID, Facts] = field(default_factory=dict)
    franchise: Mapping[UUID, UUID] = field(default_factory=dict)
    members: Mapping[UUID, Sequence[UUID]] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    rarity: Rarity = field(default_factory=Rarity)
    adult: frozenset[UUID] = frozenset()
    all: frozenset[int] = frozenset()
    decent: frozenset[int] = frozenset()


class CatalogueView:
    """Names, franchises, labels and a few facts of every title; whole records by need.

    Reads are lock-free; ``refresh`` may be called from any thread.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known = _Known()
        self._records: Shelf[Anime] = Shelf(CACHED_RECORDS)
        self._cards: Shelf[Summary] = Shelf(CACHED_CARDS)
        self._refreshing = threading.Lock()
        self.titles = TitleIndex()
        self.refresh()

    @property
    def revision(self) -> int:
        """The catalogue revision this view has reached."""
        return self._known.revision

    @property
    def facts(self) -> Mapping[UUID, Facts]:
        """Facts by title."""
        return self._known.facts

    @property
    def known(self) -> tuple[int, Mapping[UUID, Facts]]:
        """The revision and the facts, of one moment."""
        known = self._known
        return known.revision, known.facts

    @property
    def adult(self) -> frozenset[UUID]:
        """The adult titles."""
        return self._known.adult

    def ids(self, adult: bool) -> frozenset[int]:
        """The titles' ids as integers, which Python looks up four times as fast as UUIDs; without
        the adult ones unless they are wanted.
        """
        return self._known.all if adult else self._known.decent

    @property
    def franchise(self) -> Mapping[UUID, UUID]:
        """Franchise by title."""
        return self._known.franchise

    def kin(self, ids: Iterable[UUID]) -> set[UUID]:
        """Every title of the franchises that the ids belong to, themselves included."""
        known = self._known
        groups = {known.franchise[id_] for id_ in ids if id_ in known.franchise}
        return {id_ for group in groups for id_ in known.members[group]}

    @property
    def vocabulary(self) -> Vocabulary:
        """The labels in use."""
        return self._known.vocabulary

    @property
    def rarity(self) -> Rarity:
        """How telling the catalogue's words are."""
        return self._known.rarity

    def records(self, ids: Iterable[UUID]) -> dict[UUID, Anime]:
        """Whole records of the ids that exist."""
        return self._records.take(ids, self._catalog.get_many)

    def cards(self, ids: Iterable[UUID]) -> dict[UUID, Summary]:
        """What a result card shows, of the ids that exist."""
        return self._cards.take(ids, lambda missing: _cards(self._catalog.get_many(missing)))

    def resolve(self, reference: str) -> UUID:
        """The id behind an id or a provider key; ``NotFound`` if there is none."""
        known = _parsed(reference)
        if known is not None and known in self._known.facts:
            return known
        found = self._catalog.resolve(reference)
        if found is None:
            raise NotFound(
                f"no title has the id or key '{reference:.120}'; keys look like mal:1",
                reference=reference[:120],
            )
        return found

    def refresh(self) -> int:
        """Take in what changed in the catalogue since the last time; returns the revision."""
        with self._refreshing:
            changed, removed, revision = self._news()
            if revision != self.revision:
                self.titles.update(changed.values(), removed)
                self._records.forget({*changed, *removed})
                self._cards.forget({*changed, *removed})
                self._cards.put(_cards(changed))
                self._known = _after(self._known, revision, changed.values(), removed)
            return revision

    def _news(self) -> tuple[dict[UUID, Anime], set[UUID], int]:
        """Records changed, ids gone, and the revision that is."""
        changed: dict[UUID, Anime] = {}
        touched: set[UUID] = set()
        revision = self.revision
        while page := self._catalog.changes(revision):
            revision = page[-1].revision
            touched.update(change.id for change in page)
            changed |= self._catalog.get_many(change.id for change in page)
        return changed, touched - set(changed), revision


def _parsed(reference: str) -> UUID | None:
    """The id that a text is; None for a provider key."""
    try:
        return UUID(reference)
    except ValueError:
        return None


def _cards(records: Mapping[UUID, Anime]) -> dict[UUID, Summary]:
    return {id_: summary(record) for id_, record in records.items()}


def _after(
    known: _Known, revision: int, changed: Collection[Anime], removed: Collection[UUID]
) -> _Known:
    """The state after some changes; franchises are found again only if a tie changed."""
    come = {record.id: Facts.of(record) for record in changed}
    gone = {id_: known.facts[id_] for id_ in {*come, *removed} if id_ in known.facts}
    facts = {id_: fact for id_, fact in known.facts.items() if id_ not in gone} | come
    adult = frozenset(id_ for id_, fact in facts.items() if fact.nsfw)
    same = {i: f.ties for i, f in come.items()} == {i: f.ties for i, f in gone.items()}
    franchise = known.franchise if same else franchises(facts.values())
    return _Known(
        revision,
        facts,
        franchise,
        known.members if same else _members(franchise),
        known.vocabulary.changed(
            [fact.labels for fact in gone.values()], [fact.labels for fact in come.values()]
        ),
        known.rarity.changed(changed, removed),
        adult,
        frozenset(id_.int for id_ in facts),
        frozenset(id_.int for id_, fact in facts.items() if not fact.nsfw),
    )


def _members(franchise: Mapping[UUID, UUID]) -> Mapping[UUID, Sequence[UUID]]:
    """Titles by their franchise."""
    members: dict[UUID, list[UUID]] = defaultdict(list)
    for id_, group in franchise.items():
        members[group].append(id_)
    return members
