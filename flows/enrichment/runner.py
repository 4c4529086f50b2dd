"""One run: plan what is due, ask, merge, write, remember; a run that was cut off goes on."""

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Self

from animevec.catalog.store import Catalog
from animevec.progress import Progress, silent
from animevec.settings import Settings
from flows.enrichment import plan as planning
from flows.enrichment import policy as policies
from flows.enrichment import schedule
from flows.enrichment.http import Client
from flows.enrichment.identity import IdMap, pins_of
from flows.enrichment.inquiry import NO_ID, Gate, Inquiry, open_gate
from flows.enrichment.ledger import Ledger, Planned, Settled
from flows.enrichment.llm import LanguageModel
from flows.enrichment.report import RunReport, Summary, differences
from flows.enrichment.request import Enrich
from flows.enrichment.review import Reviews
from flows.enrichment.schedule import NOTHING, Answers
from flows.enrichment.sources import open_sources
from flows.enrichment.types import Source
from flows.enrichment.writer import Merged, Writer

CHUNK = 100  # the fewest titles that fill every source's batches: fifty and twenty
CREATED, UPDATED, CONFIRMED, FAILED = "created", "updated", "confirmed", "failed"


class Runner:
    """Runs requests against one catalogue; open it with ``with``."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        *,
        gate: Gate = open_gate,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._gate = gate
        self.ledger = Ledger(settings.enrichment_url)
        self.reviews = Reviews(self.ledger.engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()

    async def run(
        self, request: Enrich, progress: Progress = silent, now: datetime | None = None
    ) -> RunReport:
        """Do ``request``; the same one, cut off before, goes on where it stopped.

        ``progress`` counts answers: one for every title and source.

        Raises:
            InvalidRequest: a merge policy or an id map that is none.
        """
        moment, started = now or datetime.now(UTC), time.monotonic()
        path = self._settings.enrichment.id_map
        id_map = IdMap.load(path) if path else None
        run, plan = self._begin(request, id_map, moment)
        summary = Summary(self._settings, request, run, plan)
        model = LanguageModel(self._settings.enrichment, self._settings.http_cache_path)
        writer = Writer(self._catalog, self.reviews, policies.load(), model, id_map)
        async with Client(self._settings) as client:
            sources = _telling(open_sources(client, self._settings, request.sources), request)
            counter = Counter(progress, len(plan) * len(sources))
            inquiry = self._inquiry(sources, request, self._budgets(request, run, plan), counter)
            for chunk in _chunks(plan):
                if not _done(chunk):
                    settled = await self._chunk(request, chunk, inquiry, writer, summary, moment)
                    self._remember(request, run, settled)
                counter.reach((chunk[-1].place + 1) * len(sources))
        if request.dry_run:
            return summary.of_dry_run(self._catalog, time.monotonic() - started)
        report = summary.of(self._catalog, self.ledger, time.monotonic() - started)
        self.ledger.finish(run, report.revision)
        return report

    def _begin(
        self, request: Enrich, id_map: IdMap | None, now: datetime
    ) -> tuple[str, list[Planned]]:
        """A run and its plan: that of an attempt that was cut off, or a new one."""
        known = None if request.dry_run else self.ledger.unfinished(request.digest)
        if known is not None:
            return known, self.ledger.plan(known)
        run = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        plan = planning.make(request, self._catalog, self.ledger, id_map, now)
        if not request.dry_run:
            self.ledger.begin(run, request.digest, request.model_dump_json(), plan)
        return run, plan

    def _budgets(self, request: Enrich, run: str, plan: Sequence[Planned]) -> dict[str, int]:
        """What is left of the limits; chunks with titles still waiting are asked in full again."""
        over = {planned.place for chunk in _chunks(plan) if _done(chunk) for planned in chunk}
        left = dict(request.limits)
        for row in self.ledger.outcomes(run) if over else ():
            if row.place in over and row.source in left and row.detail != NO_ID:
                left[row.source] = max(0, left[row.source] - 1)
        return left

    def _inquiry(
        self,
        sources: Mapping[str, Source],
        request: Enrich,
        budgets: dict[str, int],
        counter: "Counter",
    ) -> Inquiry:
        return Inquiry(
            sources,
            frozenset(request.stages),
            self._settings.enrichment.concurrency,
            budgets,
            self._gate,
            counter.add,
        )

    async def _chunk(
        self,
        request: Enrich,
        chunk: Sequence[Planned],
        inquiry: Inquiry,
        writer: Writer,
        summary: Summary,
        now: datetime,
    ) -> list[Settled]:
        """Ask, merge and write some titles; those done before are asked along, from the cache."""
        ids = [planned.id for planned in chunk if planned.id]
        answers = self.ledger.answers(ids)
        pins = {id: pins_of(each) for id, each in self.reviews.overrides(ids).items()}
        known: dict[int, Answers] = {
            p.place: answers.get(p.id, NOTHING) if p.id else NOTHING for p in chunk
        }
        asked = await inquiry.ask(chunk, known, pins)
        waiting = [planned for planned in chunk if not planned.done]
        stages = frozenset(request.stages)
        if request.dry_run:
            merged = await writer.merge(waiting, asked, known, stages)
        else:
            merged = await writer.write(waiting, asked, known, stages)
        settled = [_settled(one, known[one.planned.place], now) for one in merged]
        for one, end in zip(merged, settled, strict=True):
            summary.add(one, end, known[one.planned.place])
            if one.enriched and not request.dry_run:
                summary.reviews += self.reviews.offer(
                    one.enriched.anime, summary.unsure(one.enriched)
                )
        return settled

    def _remember(self, request: Enrich, run: str, settled: Sequence[Settled]) -> None:
        if not request.dry_run:
            self.ledger.settle(run, settled)


class Counter:
    """Counts answers for a progress sink; a chunk that is over counts in full."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def add(self, count: int) -> None:
        """More answers came in."""
        self.reach(min(self._done + count, self._total))

    def reach(self, done: int) -> None:
        """So many are done in all."""
        self._done = done
        self._progress(done, self._total)


def _chunks(plan: Sequence[Planned]) -> list[Sequence[Planned]]:
    return [plan[start : start + CHUNK] for start in range(0, len(plan), CHUNK)]


def _done(chunk: Sequence[Planned]) -> bool:
    return all(planned.done for planned in chunk)


def _telling(sources: Mapping[str, Source], request: Enrich) -> dict[str, Source]:
    """The sources that know something of the stages asked for."""
    wanted = frozenset(request.stages)
    return {name: source for name, source in sources.items() if source.facts.stages & wanted}


def _settled(merged: Merged, known: Answers, now: datetime) -> Settled:
    """What to remember of a title."""
    planned, enriched = merged.planned, merged.enriched
    if enriched is None:
        return Settled(planned.place, planned.id, merged.outcomes, {}, FAILED, merged.problem)
    answers = {
        outcome.source: schedule.heard(outcome, known.get(outcome.source), now)
        for outcome in merged.outcomes
    }
    return Settled(planned.place, enriched.anime.id, merged.outcomes, answers, _state(merged))


def _state(merged: Merged) -> str:
    """Confirmed is a title whose values stand and are only newer."""
    if merged.existing is None:
        return CREATED
    after = merged.enriched.anime if merged.enriched else merged.existing
    return UPDATED if differences(merged.existing, after) else CONFIRMED
