"""What likeness compares: the vectors of titles, kept in step with catalogue and index.

A title that changes is read again, and counts as it is from then on.  How telling words and labels
are moves with every change as well, but little: what was read before keeps its weights until more
than ``NEWS`` titles have changed, and then everything is read anew.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import islice
from uuid import UUID

from animevec.index.base import VectorStore
from animevec.search.franchises import Facts
from animevec.search.sweep import Sweep
from animevec.search.table import Rows, Table, Vectors
from animevec.search.traits import Traits
from animevec.search.view import CatalogueView

KEPT = 32_768  # titles of a table, about 3 kB each
NEWS = 1_024
AT_ONCE = 256


@dataclass(slots=True, eq=False)
class Titles:
    """The titles read so far with the vectors ``names``; ``ahead`` once as many as are kept, and
    ``sweep`` if that is all.
    """

    names: tuple[str, ...]
    read: Callable[[tuple[str, ...], list[UUID]], Mapping[UUID, Vectors]]
    table: Table = field(default_factory=Table)
    ahead: bool = False
    sweep: Sweep | None = None
    renewed: int = 0

    def rows(self, ids: Iterable[UUID]) -> Rows:
        """Rows of the ids that are indexed and in the catalogue, words and labels weighed."""
        return self.table.take(ids, partial(self.read, self.names))

    def renew(self, changed: Collection[UUID]) -> None:
        """Take in what became of some titles."""
        self.table.forget(changed)
        self.renewed += len(changed)
        if self.sweep is not None:  # it finds what the table has, and asks nobody
            self.rows(changed)


class Material:
    """The titles of one index by the vectors wanted; safe for many threads.

    ``learned`` says that the index's lexical weights come from a model rather than from BM25.
    """

    def __init__(self, store: VectorStore, view: CatalogueView, index: str, learned: bool) -> None:
        self._store, self._view, self._index = store, view, index
        self._learned = learned
        self._titles: dict[tuple[str, ...], Titles] = {}
        self._state = (-1, -1)  # revisions of the catalogue and of the index
        self._settled: Mapping[UUID, Facts] = {}  # when the index had last reached the catalogue
        self._guard = threading.Lock()

    @property
    def traits(self) -> Traits:
        """How words and labels weigh now."""
        view = self._view
        return Traits(view.rarity, view.vocabulary, len(view.facts), self._learned)

    def titles(self, names: Iterable[str]) -> Titles:
        """The titles with those of the vectors that the index has, as they are now."""
        held = tuple(name for name in names if name in self._vectors)
        if self._state != (self._view.revision, self._store.watermark(self._index)):
            with self._guard:
                self._catch_up()
        found = self._titles.get(held)
        if found is None or len(found.table) > KEPT + NEWS:
            found = self._titles[held] = Titles(held, self._read)
        return found

    def prepare(self, names: Iterable[str]) -> None:
        """Read titles ahead, as many as are kept; does nothing if they are."""
        titles = self.titles(names)
        if titles.ahead:
            return
        ids = list(islice(self._view.facts, KEPT))
        for start in range(0, len(ids), AT_ONCE):
            titles.rows(ids[start : start + AT_ONCE])
        with self._guard:
            self._catch_up()
            titles.rows(islice(self._view.facts, KEPT))  # what changed meanwhile
            if len(self._view.facts) <= KEPT:
                titles.sweep = Sweep(titles.table)
            titles.ahead = True

    def _catch_up(self) -> None:
        watermark = self._store.watermark(self._index)  # first: what it says holds for longer
        revision, facts = self._view.known
        if self._state == (revision, watermark):
            return
        changed = _changed(self._settled, facts)
        for names, titles in list(self._titles.items()):
            if titles.renewed + len(changed) > NEWS:
                del self._titles[names]
            else:
                titles.renew(changed)
        self._state = (revision, watermark)
        if revision == watermark:
            self._settled = facts

    def _read(self, names: tuple[str, ...], missing: list[UUID]) -> dict[UUID, Vectors]:
        traits, facts = self.traits, self._view.facts
        hits = self._store.retrieve(self._index, missing, names)
        return {hit.id: traits.of(hit) for hit in hits if hit.id in facts}

    @cached_property
    def _vectors(self) -> frozenset[str]:
        schema = self._store.schema(self._index)
        return frozenset({*schema.dense, *schema.sparse})


def _changed(before: Mapping[UUID, Facts], now: Mapping[UUID, Facts]) -> set[UUID]:
    """Titles that came, went or changed: facts are made anew with every change of a record."""
    if before is now:
        return set()
    come = {id_ for id_, facts in now.items() if before.get(id_) is not facts}
    return come | (before.keys() - now.keys())
