"""Merging what sources said of some titles, and writing it to the catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from animevec.catalog.importers.identity import identity
from animevec.catalog.record import Anime
from animevec.catalog.store import Catalog
from animevec.catalog.transaction import Transaction
from flows.enrichment.enrich import enrich
from flows.enrichment.identity import IdMap, identify, single_keys
from flows.enrichment.inquiry import POISON, Asked
from flows.enrichment.ledger import Planned
from flows.enrichment.llm import LanguageModel, refine
from flows.enrichment.policy import Policy
from flows.enrichment.review import Reviews
from flows.enrichment.schedule import Answers
from flows.enrichment.stages.hearing import heard
from flows.enrichment.types import Enriched, OutcomeKind, SourceOutcome, Stage

ACTOR = "enrichment"
DELETED = "the title was deleted; put it back, if it is wanted, before it is enriched"


@dataclass(frozen=True, slots=True)
class Merged:
    """One title after its merge; ``enriched`` is None where it failed, and ``problem`` says why."""

    planned: Planned
    outcomes: Sequence[SourceOutcome]
    existing: Anime | None = None
    enriched: Enriched | None = None
    problem: str | None = None


class Writer:
    """Merges titles under one policy; a title that cannot be merged harms no other."""

    def __init__(
        self,
        catalog: Catalog,
        reviews: Reviews,
        policy: Policy,
        model: LanguageModel,
        id_map: IdMap | None = None,
    ) -> None:
        self._id_map = id_map
        self._catalog = catalog
        self._reviews = reviews
        self._policy = policy
        self._model = model

    async def merge(
        self,
        titles: Sequence[Planned],
        asked: Asked,
        known: Mapping[int, Answers],
        stages: frozenset[Stage],
    ) -> list[Merged]:
        """The records as they would be; nothing is written."""
        with self._catalog.reading() as transaction:
            homes = {p.place: _home(transaction, p, asked[p.place].values()) for p in titles}
            taken = {
                p.place: _taken(transaction, homes[p.place], asked[p.place].values())
                for p in titles
            }
            gone = [
                p
                for p in titles
                if homes[p.place] is None and _deleted(transaction, p, asked[p.place].values())
            ]
        overrides = self._reviews.overrides([home.id for home in homes.values() if home])
        found = [Merged(p, list(asked[p.place].values()), problem=DELETED) for p in gone]
        for planned in (p for p in titles if p not in gone):
            home, outcomes = homes[planned.place], list(asked[planned.place].values())
            one = Merged(planned, outcomes, home)
            try:
                enriched = enrich(
                    speaking(outcomes, known[planned.place]),
                    home,
                    overrides.get(home.id, {}) if home else {},
                    self._policy,
                    keys=planned.keys,
                    mapped=self._id_map.complete(planned.keys)[1] if self._id_map else None,
                    taken=taken[planned.place],
                    stages=stages,
                )
                found.append(replace(one, enriched=await refine(enriched, self._model)))
            except POISON as error:
                found.append(replace(one, problem=f"{type(error).__name__}: {error}"[:1_000]))
        return found

    async def write(
        self,
        titles: Sequence[Planned],
        asked: Asked,
        known: Mapping[int, Answers],
        stages: frozenset[Stage],
    ) -> list[Merged]:
        """Merge and write; a title that somebody else changed meanwhile is merged again."""
        waiting, written = list(titles), []
        while waiting:
            for one in self._put(await self.merge(waiting, asked, known, stages)):
                written.append(one)
                waiting.remove(one.planned)
        return written

    def _put(self, merged: Iterable[Merged]) -> list[Merged]:
        """Write what stands in the catalogue as it stood when it was merged, all or none."""
        written = []
        with self._catalog.writing() as transaction:
            for one in merged:
                if one.enriched is not None:
                    id = one.enriched.anime.id
                    if transaction.records([id]).get(id) != one.existing:
                        continue
                    transaction.put([one.enriched.anime], ACTOR)
                written.append(one)
        return written


def _taken(
    transaction: Transaction, home: Anime | None, outcomes: Iterable[SourceOutcome]
) -> frozenset[str]:
    """Of the keys that the sources' records have or name, those of other titles."""
    owners = transaction.owners(sorted(single_keys(heard(outcomes))))
    own = home and home.id
    return frozenset(key for key, ids in owners.items() if own not in ids)


def speaking(outcomes: Iterable[SourceOutcome], known: Answers) -> list[SourceOutcome]:
    """The outcomes that count.

    A source that removed a title it had says nothing, so that its values stay with their age: a
    title is orphaned, not deleted.
    """

    def had(source: str) -> bool:
        return source in known and known[source].found_at is not None

    return [o for o in outcomes if o.kind is not OutcomeKind.NOT_FOUND or not had(o.source)]


def _home(
    transaction: Transaction, planned: Planned, outcomes: Iterable[SourceOutcome]
) -> Anime | None:
    """The title as it is in the catalogue, found by its id or by the ids sources named."""
    if planned.id is not None:
        return transaction.records([planned.id]).get(planned.id)
    asked = list(identity(_keys(planned, outcomes)))
    owners = transaction.owners(asked)
    ids = [id for key in asked for id in owners.get(key, ())]
    return transaction.records(ids[:1]).get(ids[0]) if ids else None


def _deleted(transaction: Transaction, planned: Planned, outcomes: Iterable[SourceOutcome]) -> bool:
    """Whether a title that is not in the catalogue was there before."""
    ids = [planned.id] if planned.id else []
    known = transaction.standings(ids, identity(_keys(planned, outcomes)))
    return any(standing.deleted for standing in known.values())


def _keys(planned: Planned, outcomes: Iterable[SourceOutcome]) -> Mapping[str, str]:
    return identify(heard(outcomes), planned.keys).keys
