"""Asking several sources about several titles at once, in as few requests as they allow."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID

from animevec.errors import AnimevecError
from flows.enrichment.http import RequestFailed
from flows.enrichment.identity import Pins, identify
from flows.enrichment.ledger import Planned, leading
from flows.enrichment.schedule import NOTHING, Answers, Reason, changed
from flows.enrichment.sources import asking
from flows.enrichment.stages.hearing import heard
from flows.enrichment.types import OutcomeKind, Source, SourceOutcome, Stage, Wanted

ROUNDS = 3  # an id found at one source may lead to the next, and that to one more
NO_ID = "no id there is known"
# What code that reads strangers' data may raise; one title's fault is not another's.
POISON = (
    AnimevecError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
)

Gate = Callable[[str], AbstractAsyncContextManager[None]]
Asked = dict[int, dict[str, SourceOutcome]]


@asynccontextmanager
async def open_gate(source: str) -> AsyncIterator[None]:
    """Lets everybody in."""
    yield


class Inquiry:
    """Asks sources; at most ``concurrency`` requests of one source are under way.

    ``budgets`` is how many more titles a source may be asked about; ``gate`` is entered for a
    source while it is asked; ``answered`` is told how many answers came in.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        stages: frozenset[Stage],
        concurrency: int,
        budgets: dict[str, int],
        gate: Gate = open_gate,
        answered: Callable[[int], None] = lambda count: None,
    ) -> None:
        self._sources = sources
        self._stages = stages
        self._slots = {name: asyncio.Semaphore(concurrency) for name in sources}
        self._budgets = budgets
        self._gate = gate
        self._answered = answered

    async def ask(
        self,
        titles: Sequence[Planned],
        known: Mapping[int, Answers],
        pins: Mapping[UUID, Pins],
    ) -> Asked:
        """What every source that is due said of each title, by its place.

        Ids that a source names open the way to the next ones.  The same titles lead to the same
        requests, so that a cache can answer a second run.
        """
        asked: Asked = {title.place: {} for title in titles}
        left = {title.place: self._due(title) for title in titles}
        for _ in range(ROUNDS):
            batches = self._batches(titles, asked, left, pins)
            if not batches:
                break
            answers = await asyncio.gather(
                *(self._source(name, whom) for name, whom in batches.items())
            )
            for name, outcomes in zip(batches, answers, strict=True):
                for place, outcome in outcomes.items():
                    asked[place][name] = outcome
                    left[place].discard(name)
            for title in titles:
                self._look_closer(title, asked[title.place], left, known)
        for title in titles:
            for name in left[title.place]:
                if self._budgets.get(name, 1) > 0:
                    asked[title.place][name] = self._unknown(name, title)
        return asked

    def _due(self, title: Planned) -> set[str]:
        return set(title.sources & self._sources.keys())

    def _look_closer(
        self,
        title: Planned,
        asked: Mapping[str, SourceOutcome],
        left: dict[int, set[str]],
        known: Mapping[int, Answers],
    ) -> None:
        """A look that finds the title changed upstream asks the other sources too."""
        if title.reason not in {Reason.LOOK, Reason.RETRY}:
            return
        answers = known.get(title.place, NOTHING)
        if any(changed(outcome, answers) for outcome in asked.values()):
            left[title.place] |= self._sources.keys() - asked.keys()

    def _batches(
        self,
        titles: Sequence[Planned],
        asked: Asked,
        left: Mapping[int, set[str]],
        pins: Mapping[UUID, Pins],
    ) -> dict[str, list[tuple[int, Wanted]]]:
        batches: dict[str, list[tuple[int, Wanted]]] = {}
        for title in titles:
            if not left[title.place]:
                continue
            settled = pins.get(title.id, {}) if title.id else {}
            identity = identify(heard(asked[title.place].values()), title.keys, settled)
            wanted = Wanted(id=title.id, keys=identity.keys, stages=self._stages)
            absent = {provider for provider, id in settled.items() if id is None}
            for name in sorted(left[title.place]):
                source = self._sources[name]
                there = source.facts.provider not in absent and source.knows(wanted)
                if there and self._spend(name):
                    batches.setdefault(name, []).append((title.place, wanted))
        return batches

    def _spend(self, name: str) -> bool:
        if name not in self._budgets:
            return True
        if self._budgets[name] <= 0:
            return False
        self._budgets[name] -= 1
        return True

    async def _source(
        self, name: str, whom: Sequence[tuple[int, Wanted]]
    ) -> dict[int, SourceOutcome]:
        size = self._sources[name].facts.batch
        batches = [whom[start : start + size] for start in range(0, len(whom), size)]
        async with self._gate(name):
            answers = await asyncio.gather(*(self._batch(name, batch) for batch in batches))
        return {
            place: outcome
            for batch, outcomes in zip(batches, answers, strict=True)
            for (place, _), outcome in zip(batch, outcomes, strict=True)
        }

    async def _batch(self, name: str, batch: Sequence[tuple[int, Wanted]]) -> list[SourceOutcome]:
        wanted = [one for _, one in batch]
        async with self._slots[name]:
            try:
                outcomes = await self._sources[name].fetch(wanted)
            except POISON as error:
                broken = RequestFailed(OutcomeKind.MALFORMED, f"{type(error).__name__}: {error}")
                facts = self._sources[name].facts
                outcomes = [asking.failed(facts, leading(one.keys), broken) for one in wanted]
        self._answered(len(wanted))
        return outcomes

    def _unknown(self, name: str, title: Planned) -> SourceOutcome:
        failure = RequestFailed(OutcomeKind.NOT_FOUND, NO_ID)
        return asking.failed(self._sources[name].facts, leading(title.keys), failure)
