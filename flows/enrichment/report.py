"""How a run of enrichment ended, as data for people and programs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from pydantic import Field

from animevec.catalog.record import Anime, Json, Value
from animevec.catalog.store import Catalog
from animevec.settings import Settings
from flows.enrichment import quality, schedule
from flows.enrichment.ledger import Ledger, Planned, Settled, leading
from flows.enrichment.quality import Assessed
from flows.enrichment.request import Enrich
from flows.enrichment.schedule import Answers
from flows.enrichment.types import Conflict, Enriched
from flows.enrichment.writer import Merged

SHOWN = 200  # disputes, changes and the like kept in a report
READ = 200  # records assessed at a time


class Change(Value):
    """A field that a run changes."""

    title: str
    field: str
    before: Json = None
    after: Json = None


class Trouble(Value):
    """A title that did not end well, and why."""

    key: str
    state: str
    message: str


class Dispute(Value):
    """A field or an id of a title on which sources contradict each other."""

    key: str
    title: str
    conflict: Conflict


class RunReport(Value):
    """What a run did; ``resumed_at`` counts the titles an attempt before this one had done.

    ``outcomes`` counts by source and kind, ``requests`` what was sent, ``cached`` what was not.
    """

    run: str
    titles: int
    resumed_at: int = 0
    states: dict[str, int] = Field({})
    outcomes: dict[str, dict[str, int]] = Field({})
    requests: dict[str, int] = Field({})
    cached: dict[str, int] = Field({})
    disputes: tuple[Dispute, ...] = ()
    reviews: int = 0
    orphans: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    faults: dict[str, int] = Field({})
    changes: tuple[Change, ...] = ()
    completeness: float | None = None
    consistency: float | None = None
    poor: tuple[Assessed, ...] = ()
    report: str | None = None
    dry_run: bool = False
    revision: int = 0
    seconds: float = 0.0


def differences(before: Anime | None, after: Anime) -> list[Change]:
    """The fields that differ; where values come from is no field."""
    old = before.model_dump(mode="json", exclude={"provenance"}) if before else {}
    new = after.model_dump(mode="json", exclude={"provenance"})
    default = {name: field.default for name, field in Anime.model_fields.items()}
    return [
        Change(title=after.title, field=name, before=old.get(name), after=value)
        for name, value in new.items()
        if value != old.get(name) and (before or getattr(after, name) != default[name])
    ]


def poor(found: Iterable[Assessed], completeness: float, consistency: float) -> list[Assessed]:
    """The titles below a threshold, the worst first."""
    below = [
        one
        for one in found
        if one.quality.completeness < completeness or one.quality.consistency < consistency
    ]
    return sorted(below, key=lambda one: (one.quality.consistency, one.quality.completeness))


def mean(values: Sequence[float]) -> float | None:
    """Their mean, to three places; None of nothing."""
    return round(sum(values) / len(values), 3) if values else None


class Summary:
    """Gathers what a run comes to; ``reviews`` counts what was queued."""

    def __init__(
        self, settings: Settings, request: Enrich, run: str, plan: Sequence[Planned]
    ) -> None:
        self._settings = settings
        self._request = request
        self._run = run
        self._plan = plan
        self._ended: list[tuple[Merged, Settled]] = []
        self._disputes: list[Dispute] = []
        self._orphans: list[str] = []
        self._changes: list[Change] = []
        self._faults: Counter[str] = Counter()
        self.reviews = 0

    def unsure(self, enriched: Enriched) -> list[Conflict]:
        """The conflicts a person should look at."""
        low = self._settings.enrichment.review_below
        unsure = (c for c in enriched.conflicts if not c.settled or c.confidence < low)
        return [*enriched.identity, *unsure]

    def add(self, merged: Merged, settled: Settled, known: Answers) -> None:
        """One more title."""
        for outcome in merged.outcomes:
            for fault in outcome.record.faults if outcome.record else ():
                self._faults[f"{outcome.source}: {_pattern(fault.path)}"] += 1
        if self._request.dry_run:
            self._ended.append((merged, settled))
        if merged.enriched is None:
            return
        anime = merged.enriched.anime
        key = leading(anime.keys)
        if schedule.orphaned({**known, **settled.answers}):
            self._orphans.append(key)
        for conflict in (*merged.enriched.identity, *merged.enriched.conflicts):
            self._disputes.append(Dispute(key=key, title=anime.title, conflict=conflict))
        if self._request.dry_run:
            self._changes += differences(merged.existing, anime)

    def of_dry_run(self, catalog: Catalog, seconds: float) -> RunReport:
        """The report of a run that wrote nothing."""
        rows = [
            (outcome.source, outcome.kind.value, outcome.requests, outcome.cached)
            for _, settled in self._ended
            for outcome in settled.outcomes
        ]
        troubles = [
            Trouble(key=leading(merged.planned.keys), state=settled.state, message=settled.problem)
            for merged, settled in self._ended
            if settled.problem
        ]
        states = Counter(settled.state for _, settled in self._ended)
        records = [merged.enriched.anime for merged, _ in self._ended if merged.enriched]
        return self._report(catalog, rows, states, troubles, assess(records), None, seconds)

    def of(self, catalog: Catalog, ledger: Ledger, seconds: float) -> RunReport:
        """The report of a run, all its attempts together; writes that on data quality too."""
        rows = [(o.source, o.kind, o.requests, o.cached) for o in ledger.outcomes(self._run)]
        troubles = [
            Trouble(key=key, state=state, message=words)
            for key, state, words in ledger.problems(self._run)
        ]
        assessed = assess(_records(catalog, [p.id for p in ledger.plan(self._run) if p.id]))
        wanted = assessed and self._settings.enrichment.quality_report
        folder = self._describe(assessed) if wanted else None
        states = ledger.states(self._run)
        return self._report(catalog, rows, states, troubles, assessed, folder, seconds)

    def _describe(self, assessed: Sequence[Assessed]) -> Path:
        # Evidently takes seconds to import; nothing else here needs it.
        from flows.enrichment import quality_report

        limits = self._settings.enrichment
        folder = self._settings.home / "reports" / "enrichment" / self._run
        return quality_report.write(
            assessed, folder, limits.min_completeness, limits.min_consistency
        )

    def _report(
        self,
        catalog: Catalog,
        rows: Sequence[tuple[str, str, int, int]],
        states: Mapping[str, int],
        troubles: Sequence[Trouble],
        assessed: Sequence[Assessed],
        folder: Path | None,
        seconds: float,
    ) -> RunReport:
        limits = self._settings.enrichment
        below = poor(assessed, limits.min_completeness, limits.min_consistency)
        return RunReport(
            run=self._run,
            titles=len(self._plan),
            resumed_at=sum(planned.done for planned in self._plan),
            states=dict(states),
            outcomes=_kinds(rows),
            requests=_sums((source, requests) for source, _, requests, _ in rows),
            cached=_sums((source, cached) for source, _, _, cached in rows),
            disputes=tuple(self._disputes[:SHOWN]),
            reviews=self.reviews,
            orphans=tuple(self._orphans[:SHOWN]),
            troubles=tuple(troubles[:SHOWN]),
            faults=dict(self._faults.most_common(SHOWN)),
            changes=tuple(self._changes[:SHOWN]),
            completeness=mean([one.quality.completeness for one in assessed]),
            consistency=mean([one.quality.consistency for one in assessed]),
            poor=tuple(below[:SHOWN]),
            report=None if folder is None else str(folder),
            dry_run=self._request.dry_run,
            revision=catalog.revision(),
            seconds=round(seconds, 2),
        )


def assess(records: Iterable[Anime]) -> list[Assessed]:
    """The quality of records; confidence is the mean over the fields that name their origin."""
    return [
        Assessed(
            key=leading(record.keys),
            title=record.title,
            confidence=mean([origin.confidence for origin in record.provenance.values()]) or 0.0,
            quality=quality.assess(record),
        )
        for record in records
    ]


def _records(catalog: Catalog, ids: Sequence[UUID]) -> Iterator[Anime]:
    for start in range(0, len(ids), READ):
        yield from catalog.get_many(ids[start : start + READ]).values()


def _pattern(path: str) -> str:
    """A path without its places: ``data.genres.3.name`` is ``data.genres.*.name``."""
    return ".".join("*" if part.isdigit() else part for part in path.split("."))


def _kinds(rows: Iterable[tuple[str, str, int, int]]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for source, kind, _, _ in rows:
        found.setdefault(source, Counter())[kind] += 1
    return {source: dict(kinds) for source, kinds in sorted(found.items())}


def _sums(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for source, count in rows:
        found[source] += count
    return dict(sorted(found.items()))
